// octet tune: the fastest correct variant of every shape, into a tuned table.
#include "tools/tune.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/environment.h"
#include "src/harness/progress.h"
#include "src/harness/shapes/m_list.h"
#include "src/harness/shapes/model_shapes.h"
#include "src/harness/shapes/shape_problem.h"
#include "src/harness/tune/tune_run.h"
#include "src/ops/registry.h"
#include "tools/cli.h"
#include "tools/tune_text.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

using harness::Measurement;
using harness::TuneItem;
using harness::TuneRecord;

using Options = TuneOptions;

/// Sizes that fit a few minutes on a laptop and still show every regime.
constexpr std::string_view kTuneM = "1,2,4,8,16,32,64,128,256,512,1024,2048";

/// Shapes of the model, one item a distinct problem; layers of equal shape add their weight.
Result<std::vector<TuneItem>> model_items(const select::Op& op, const Options& options,
                                          uint32_t format) {
  OCTET_TRY(const harness::ModelConfig config, harness::read_model_config(options.model));
  OCTET_TRY(const auto shapes, harness::model_shapes(config, {options.tp, options.ep, false}));
  const std::string list = options.m == "tune" ? std::string(kTuneM) : options.m;
  OCTET_TRY(const std::vector<int64_t> sizes, harness::m_list(list));
  std::vector<TuneItem> items;
  for (const harness::ModelShape& shape : harness::with_m(shapes, sizes)) {
    if (shape.op != op.name()) continue;
    const select::Problem problem = harness::problem_of(*op.schema, format, shape);
    if (!op.validate(problem).ok()) continue;  // listed with a note by `octet shapes`
    const auto same = std::find_if(items.begin(), items.end(),
                                   [&](const TuneItem& item) { return item.problem == problem; });
    if (same == items.end()) {
      items.push_back({problem, shape.count, shape.layer});
    } else {
      same->weight += shape.count;
      same->layer += "+" + shape.layer;
    }
  }
  OCTET_REQUIRE(!items.empty(), "{}: tp {} ep {}: no layer runs {}", options.model, options.tp,
                options.ep, op.name());
  return items;
}

Result<std::vector<TuneItem>> items_of(const select::Op& op, const Options& options,
                                       uint32_t format) {
  OCTET_REQUIRE(options.model.empty() != options.shapes.empty(),
                "tune: give --model or --shapes, one of them");
  if (!options.model.empty()) return model_items(op, options, format);
  const std::string list = options.m == "tune" ? std::string(kTuneM) : options.m;
  OCTET_TRY(const auto problems, load_problems(op, options.shapes, list, format));
  OCTET_REQUIRE(!problems.empty(), "{}: no shape of {}", options.shapes, op.name());
  std::vector<TuneItem> items;
  for (const select::Problem& problem : problems) items.push_back({problem, 1, ""});
  return items;
}

/// The journal of a run: the one that is named, one beside the table, or one in the temporary
/// folder that goes when this does.
class JournalPath {
 public:
  static Result<JournalPath> of(const Options& options) {
    JournalPath journal;
    journal.path_ = options.journal;
    if (!journal.path_.empty()) return journal;
    if (!options.out.empty()) {
      journal.path_ = options.out + ".journal.jsonl";
      return journal;
    }
    std::error_code error;
    std::string path = std::filesystem::temp_directory_path(error) / "octet-tune-XXXXXX";
    if (error) return fail(StatusCode::kIo, "the temporary folder: {}", error.message());
    const int file = ::mkstemp(path.data());  // others may write there: no name to be guessed
    if (file < 0) return fail(StatusCode::kIo, "{}: {}", path, std::strerror(errno));
    ::close(file);
    journal.path_ = journal.temporary_ = path;
    return journal;
  }
  JournalPath(JournalPath&& other) noexcept
      : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, "")) {}
  JournalPath& operator=(JournalPath&&) = delete;
  ~JournalPath() {
    if (!temporary_.empty()) std::remove(temporary_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  JournalPath() = default;
  std::string path_, temporary_;
};

Result<uint32_t> format_of(const select::Op& op, const Device& device, const Options& options) {
  if (!options.format.empty()) return op.schema->parse_format(options.format);
  const uint32_t format = op.default_format(device.arch);
  return options.packed ? op.schema->parse_format(op.schema->format_name(format) + "_packed")
                        : Result<uint32_t>(format);
}

Result<Tuned> tune(const Options& options) {
  Tuned tuned;
  OCTET_TRY(tuned.op, ops::find(options.op));
  OCTET_TRY(tuned.device, tuning_device(options));
  OCTET_TRY(harness::TuneRunOptions run, run_options(options, tuned.device, 120));
  OCTET_TRY(const uint32_t format, format_of(*tuned.op, tuned.device, options));
  OCTET_TRY(tuned.items, items_of(*tuned.op, options, format));
  const std::string outputs[]{options.out, options.results};
  OCTET_CHECK_OK(check_outputs(outputs));
  OCTET_TRY(const select::TunedTable old, harness::table_to_keep(*tuned.op, options.out));
  for (const std::string& line : old.duplicates) fmt::print(stderr, "octet: {}\n", line);
  OCTET_TRY(const JournalPath path, JournalPath::of(options));
  OCTET_TRY(harness::Journal journal,
            harness::Journal::open(path.path(), tuned.device, options.resume));
  const std::string shard = harness::describe(run.shard, tuned.items);
  if (!shard.empty()) fmt::print(stderr, "octet: {}\n", shard);
  tuned.shard = fmt::format("{}/{}", run.shard.index + 1, run.shard.count);
  harness::Progress progress;
  run.progress = [&](int64_t done, int64_t total, const TuneItem& item) {
    progress.show(done, total, fmt::format("{} {}", item.layer, brief(item.problem)));
  };
  OCTET_TRY(tuned.run, harness::tune_run(*tuned.op, tuned.items, journal, run));
  tuned.environment = journal.environment();
  tuned.set_aside = journal.set_aside();
  return tuned;
}

Status write_outputs(const Tuned& tuned, const Options& options) {
  if (!options.out.empty()) {
    OCTET_CHECK_OK(harness::update_tuned_table(
        *tuned.op, options.out,
        harness::tuned_rows(*tuned.op, tuned.run.records, tuned.device, row_source())));
  }
  if (options.results.empty()) return Status::Ok();
  std::string text = harness::results_line(tuned.environment);
  for (const TuneRecord& record : tuned.run.records) {
    for (const Measurement& row : record.rows) text += harness::results_line(harness::to_json(row));
  }
  return write_file(options.results, text);
}

int run(const Options& options) {
  const auto tuned = tune(options);
  if (!tuned.ok()) return complain(tuned.status());
  const Status status = write_outputs(*tuned, options);
  if (!status.ok()) return complain(status);
  if (!tuned->set_aside.empty()) {
    fmt::print(stderr, "octet: the journal was set aside as .old: {}\n", tuned->set_aside);
  }
  if (options.json) {
    print_json(to_json(*tuned));
  } else {
    print(rows_text(*tuned) + "\n" + summary_text(*tuned));
  }
  return kExitOk;
}

/// What is tuned: the shapes of a model, of a list, or of tables that exist.
void add_shape_options(CLI::App& verb, Options& options) {
  verb.add_option("op", options.op, "The op")->capture_default_str();
  auto* model = verb.add_option("--model", options.model, "Shapes of this config.json");
  verb.add_option("--tp", options.tp, "Tensor-parallel degree of --model")->capture_default_str();
  verb.add_option("--ep", options.ep, "Expert-parallel degree of --model")->capture_default_str();
  auto* shapes = verb.add_option("--shapes", options.shapes,
                                 "Shapes of a set, a CSV file, or \"m=.. n=.. k=..\"");
  verb.add_option("--m", options.m,
                  "m where the shapes have none: a list as of octet shapes; 'tune' is 1 to 2048")
      ->capture_default_str();
  auto* format =
      verb.add_option("--format", options.format, "Format (default: that of the device)");
  verb.add_flag("--packed", options.packed, "Weights packed by gemm_blockscale_pack_b")
      ->excludes(format);
  auto* tables =
      verb.add_option("--pretune", options.tables,
                      "Measure the shapes of tables again, here: of all that are built in, or of "
                      "these: files, <op>/<name> or <op>")
          ->expected(0, -1);
  verb.add_flag("--dry-run", options.dry_run, "Say what --pretune would measure, and end")
      ->needs(tables);
  for (auto* other : {model, shapes, format}) tables->excludes(other);
}

}  // namespace

void add_tune(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("tune", "Find the fastest correct variant of every shape");
  add_shape_options(*verb, *options);
  verb->add_option("--budget", options->budget,
                   "Time for measuring, such as 90s, 5m, 1h (default: 120s; --pretune: no end)");
  verb->add_option("--out", options->out,
                   "Write or update this tuned table (CSV); --pretune: the folder for tables");
  verb->add_option("--results", options->results, "Write what was measured (JSON lines)");
  verb->add_option("--journal", options->journal, "Journal (default: <out>.journal.jsonl)");
  verb->add_flag("--resume", options->resume, "Go on with an existing journal");
  verb->add_option("--shard", options->shard, "i/N: only this part; default: from Slurm or MPI");
  add_device(*verb, options->device);
  add_threads(*verb, options->threads);
  verb->add_option("--timeout", options->timeout_s, "Seconds before a silent candidate is given up")
      ->capture_default_str();
  verb->add_option("--fault", options->fault, "")->group("");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "Examples:\n  octet tune --model data/models/Qwen3-32B-FP8.json --tp 8 --budget 120s --out "
      "tuned.csv\n  octet tune --pretune --device cuda --out tables");
  set_run(*verb, exit_code, [options, verb] {
    std::erase(options->tables, "");  // what stands for none
    return verb->count("--pretune") > 0 ? pretune(*options) : run(*options);
  });
}

}  // namespace octet::tools
