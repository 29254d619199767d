#include "src/harness/against/in_turn.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/compare/compare.h"
#include "src/harness/measure/repetitions.h"
#include "src/harness/process.h"

namespace octet::harness {
namespace {

/// A file of results that a child writes, removed with this.
class ResultsFile {
 public:
  ResultsFile()
      : path_((std::filesystem::temp_directory_path() /
               fmt::format("octet_turn_{}.jsonl", ::getpid()))
                  .string()) {}
  ~ResultsFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<Results> measure(const std::string& binary, const BenchWords& problem, bool check) {
  const ResultsFile file;
  std::vector<std::string> words{binary};
  words.insert(words.end(), problem.begin(), problem.end());
  words.insert(words.end(), {"--json", "--out", file.path()});
  if (!check) words.emplace_back("--no-check");
  OCTET_TRY(const Ended ended, run_process(words));
  if (ended.code != 0) {
    return fail(StatusCode::kInternal, "{}: exit code {}: {}", join(words, " "), ended.code,
                ended.last_line());
  }
  return read_results(file.path());
}

/// The repetitions of one problem by one build, by variant.
struct Side {
  Json environment;
  std::map<std::string, std::vector<Measurement>> variants;

  void add(const Results& results) {
    environment = results.environment;
    for (const Measurement& row : results.rows) variants[row.variant].push_back(row);
  }
  bool more(int least) const {
    return std::any_of(variants.begin(), variants.end(), [&](const auto& variant) {
      std::vector<double> us;
      for (const Measurement& row : variant.second) us.push_back(row.us);
      return settle(us, least).more;
    });
  }
  void write(Results& to, int least) const {
    if (to.environment.is_null()) to.environment = environment;
    for (const auto& [name, rows] : variants) to.rows.push_back(combine(rows, least));
  }
};

/// One problem: A B, B A, ... until both have settled.
Status take_turns(const BenchWords& problem, size_t index, const TurnOptions& options,
                  Turns& turns) {
  Side base, next;
  bool base_can = true;
  for (int repetition = 0; repetition == 0 || base.more(options.least) || next.more(options.least);
       ++repetition) {
    if (options.begin) options.begin(index, repetition);
    for (const bool is_base : {repetition % 2 == 0, repetition % 2 != 0}) {
      if (is_base && !base_can) continue;
      const auto results = measure(is_base ? options.base : options.next, problem, repetition == 0);
      if (results.ok()) {
        (is_base ? base : next).add(*results);
        continue;
      }
      if (!is_base) return results.status();
      base_can = false;
      turns.base_cannot.push_back(results.status().message());
    }
  }
  if (base_can) base.write(turns.base, options.least);
  next.write(turns.next, options.least);
  return Status::Ok();
}

}  // namespace

Result<Turns> measure_in_turn(const std::vector<BenchWords>& problems, const TurnOptions& options) {
  Turns turns;
  for (size_t i = 0; i < problems.size(); ++i) {
    OCTET_CHECK_OK(take_turns(problems[i], i, options, turns));
  }
  OCTET_REQUIRE(!turns.base.rows.empty(), "{} can measure none of the {} problems; the last: {}",
                options.base, problems.size(),
                turns.base_cannot.empty() ? "" : turns.base_cannot.back());
  const std::string session = fmt::format("{} {}", utc_now(), ::getpid());
  turns.base.environment[kSessionKey] = session;
  turns.next.environment[kSessionKey] = session;
  return turns;
}

}  // namespace octet::harness
