#include "src/harness/against/turn_child.h"

#include <algorithm>
#include <utility>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

constexpr int kTurnProtocol = 1;

Result<Turn> turn_from(const std::string& line) {
  OCTET_TRY(const Json object, parse_json(line, "turn"));
  const auto number = [&](const char* key, double least) -> Result<double> {
    const auto found = object.find(key);
    if (found != object.end() && found->is_number() && *found >= least && *found <= 1e12) {
      return found->get<double>();
    }
    return fail(StatusCode::kInvalidArgument, "a turn is {}: '{}' must be a number from {} to 1e12",
                line, key, least);
  };
  Turn turn;
  OCTET_TRY(turn.budget_us, number("budget_us", 0));
  OCTET_TRY(const double samples, number("samples", 1));
  turn.min_samples = static_cast<int>(std::min(samples, 1e6));
  const auto is_set = [&](const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() && found->get<bool>();
  };
  turn.check = is_set("check");
  turn.floor = is_set("floor");
  return turn;
}

Json answer_to(const std::string& line, const MeasureTurn& measure) {
  const auto answer = [&]() -> Result<Json> {
    OCTET_TRY(const Turn turn, turn_from(line));
    OCTET_TRY(const std::vector<Measurement> rows, measure(turn));
    Json list = Json::array();
    for (const Measurement& row : rows) list.push_back(to_json(row));
    return Json{{"rows", list}};
  }();
  return answer.ok() ? *answer : Json{{"error", answer.status().message()}};
}

}  // namespace

Status serve_turns(std::FILE* in, std::FILE* out, const Json& environment,
                   const MeasureTurn& measure) {
  send_line(out, {{"turns", kTurnProtocol}, {"environment", environment}});
  std::string line;
  while (read_line(in, line)) send_line(out, answer_to(line, measure));
  return Status::Ok();
}

Result<TurnChild> TurnChild::start(const std::vector<std::string>& words) {
  OCTET_TRY(LineChild process, LineChild::start(words, true));
  return TurnChild(std::move(process));
}

Status TurnChild::ready() {
  const auto hello = hear();
  if (!hello.ok() || !hello->contains("turns") || (*hello)["turns"] != kTurnProtocol) {
    return fail(StatusCode::kUnsupported, "it takes no turns");
  }
  if (hello->contains("environment")) environment_ = (*hello)["environment"];
  return Status::Ok();
}

Result<Json> TurnChild::hear() {
  constexpr double kTimeoutS = 3600;  // a process a measurement has no limit at all
  std::string line;
  switch (child_.read(line, kTimeoutS)) {
    case Heard::kLine: {
      OCTET_TRY(Json object, parse_json(line, "turn"));
      if (object.is_object()) return object;
      return fail(StatusCode::kInternal, "turn: {} is no object", line);
    }
    case Heard::kSilence:
      return fail(StatusCode::kInternal, "no answer for {} s", kTimeoutS);
    case Heard::kEnd:
      break;
  }
  return fail(StatusCode::kInternal, "{}", child_.how_it_ended());
}

Result<std::vector<Measurement>> TurnChild::measure(const Turn& turn) {
  (void)child_.write({{"budget_us", turn.budget_us},  // a dead child is noticed by what it answers
                      {"samples", turn.min_samples},
                      {"check", turn.check},
                      {"floor", turn.floor}});
  OCTET_TRY(const Json answer, hear());
  if (!answer.contains("rows") || !answer["rows"].is_array()) {
    const bool says_why = answer.contains("error") && answer["error"].is_string();
    return fail(StatusCode::kInternal, "{}",
                says_why ? answer["error"].get<std::string>() : "a turn without rows");
  }
  std::vector<Measurement> rows;
  for (const Json& object : answer["rows"]) {
    OCTET_TRY(Measurement row, measurement_from_json(object, "turn"));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace octet::harness
