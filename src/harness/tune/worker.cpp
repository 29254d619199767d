#include "src/harness/tune/worker.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/registry.h"

namespace octet::harness {
namespace {

Json request_json(const TuneRequest& request) {
  return {{"op", std::string(request.problem.schema->name)},
          {"problem", select::to_string(request.problem)},
          {"exclude", request.exclude},
          {"incumbent", request.incumbent},
          {"budget_us", request.budget_us}};
}

Result<TuneRequest> request_from_json(const Json& object, const select::Op*& op) {
  TuneRequest request;
  OCTET_TRY(op, ops::find(object.value("op", "")));
  OCTET_TRY(request.problem,
            select::parse_problem(*op->schema, split(object.value("problem", ""), ' '), 0));
  request.exclude = object.value("exclude", std::vector<std::string>());
  request.incumbent = object.value("incumbent", "");
  request.budget_us = object.value("budget_us", request.budget_us);
  return request;
}

void act_out(const Fault& fault, const std::string& variant) {
  if (fault.variant.empty() || fault.variant != variant) return;
  if (fault.kind == "crash") std::abort();
  for (;;) ::pause();
}

/// A fault on a GPU breaks its context for good: nothing after it would be true. The parent blames
/// the candidate that began last and starts another child.
void leave_if_broken(Stream& stream) {
  constexpr int kBrokenContext = 70;
  if (!stream.synchronize().ok()) std::_Exit(kBrokenContext);
}

Result<TuneRecord> answer(const std::string& line, Stream& stream, std::FILE* out,
                          const Fault& fault) {
  OCTET_TRY(const Json object, parse_json(line, "request"));
  const select::Op* op = nullptr;
  OCTET_TRY(const TuneRequest request, request_from_json(object, op));
  auto record = tune_problem(*op, request, stream, [&](const std::string& variant) {
    leave_if_broken(stream);
    send_line(out, {{"begin", variant}});
    act_out(fault, variant);
  });
  leave_if_broken(stream);
  return record;
}

}  // namespace

Status serve(std::FILE* in, std::FILE* out, const Target& target, const Fault& fault) {
  OCTET_TRY(Stream stream, open_stream(target));
  std::string line;
  while (read_line(in, line)) {
    const auto record = answer(line, stream, out, fault);
    if (record.ok()) {
      send_line(out, {{"record", to_json(*record)}});
    } else {
      send_line(out, {{"error", record.status().message()}});
    }
  }
  return Status::Ok();
}

Worker::Worker(WorkerOptions options) : options_(std::move(options)) {}

namespace {

std::vector<std::string> command_line(const WorkerOptions& options) {
  std::vector<std::string> words{options.executable, "worker",
                                 "--device",         options.target.device,
                                 "--threads",        std::to_string(options.target.threads)};
  if (!options.fault.variant.empty()) {
    words.insert(words.end(), {"--fault", options.fault.variant + ":" + options.fault.kind});
  }
  return words;
}

/// The record of a reply, or its error.
Result<TuneRecord> record_of(const Json& reply) {
  if (reply.contains("record")) return tune_record_from_json(reply["record"], "worker");
  return fail(StatusCode::kInternal, "{}",
              reply.value("error", "the worker's reply has no record"));
}

}  // namespace

Result<TuneRecord> Worker::tune(const select::Op&, const TuneRequest& request) {
  TuneRequest attempt = request;
  std::vector<FailedCandidate> faults;
  for (;;) {
    if (!child_) {
      OCTET_TRY(child_, LineChild::start(command_line(options_), false));
    }
    const bool sent = child_->write(request_json(attempt));
    std::string reply;
    std::optional<std::string> running;  // none: the child did not begin
    Heard heard = Heard::kEnd;
    while (sent && (heard = child_->read(reply, options_.timeout_s)) == Heard::kLine) {
      OCTET_TRY(const Json message, parse_json(reply, "worker"));
      if (message.contains("begin")) {
        running = message["begin"].get<std::string>();
        if (options_.alive) options_.alive();
        continue;
      }
      OCTET_TRY(TuneRecord record, record_of(message));
      record.failed.insert(record.failed.end(), faults.begin(), faults.end());
      return record;
    }
    if (heard == Heard::kSilence) child_->kill();
    const std::string ended = child_->how_it_ended();
    child_.reset();
    const std::string reason =
        heard == Heard::kSilence ? fmt::format("no answer for {} s", options_.timeout_s) : ended;
    const bool again =
        std::find(attempt.exclude.begin(), attempt.exclude.end(), running) != attempt.exclude.end();
    if (!running || again) {
      return fail(StatusCode::kBackend, "tuning {}: {}", select::to_string(request.problem),
                  reason);
    }
    faults.push_back({*running, reason});
    attempt.exclude.push_back(*running);
  }
}

}  // namespace octet::harness
