// octet shapes: the matrix shapes that a model runs.
#include <fmt/format.h>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/shapes/m_list.h"
#include "src/harness/shapes/model_shapes.h"
#include "src/harness/shapes/shape_csv.h"
#include "tools/cli.h"
#include "tools/table.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

using harness::ModelShape;

struct Options {
  std::string model, m, out;
  int64_t tp = 1, ep = 1;
  bool json = false, csv = false;
};

Result<std::vector<ModelShape>> shapes_of(const Options& options) {
  OCTET_TRY(const harness::ModelConfig config, harness::read_model_config(options.model));
  OCTET_TRY(std::vector<ModelShape> shapes,
            harness::model_shapes(config, {options.tp, options.ep, false}));
  if (options.m.empty()) return shapes;
  OCTET_TRY(const std::vector<int64_t> sizes, harness::m_list(options.m));
  return harness::with_m(shapes, sizes);
}

Json to_json(const ModelShape& shape) {
  Json object{{"model", shape.model},
              {"tp", shape.tp},
              {"ep", shape.ep},
              {"layer", shape.layer},
              {"op", shape.op},
              {"format", shape.format},
              {"n", shape.n},
              {"k", shape.k},
              {"batch", shape.batch},
              {"count", shape.count},
              {"experts", shape.experts},
              {"topk", shape.topk},
              {"a_div", shape.a_div},
              {"note", shape.note}};
  if (shape.m > 0) object["m"] = shape.m;
  return object;
}

std::string number(int64_t value) { return value == 0 ? "" : std::to_string(value); }

std::string table_text(const std::vector<ModelShape>& shapes) {
  Table table({"layer", "op", "format", "m", "n", "k", "layers", "experts", "topk", "note"});
  for (const ModelShape& shape : shapes) {
    table.add({shape.layer, shape.op, shape.format, number(shape.m), number(shape.n),
               number(shape.k), number(shape.count), number(shape.experts), number(shape.topk),
               shape.note});
  }
  return table.text();
}

int run(const Options& options) {
  const auto shapes = shapes_of(options);
  if (!shapes.ok()) return complain(shapes.status());
  if (!options.out.empty()) {
    const Status status = write_file(options.out, harness::shapes_csv(*shapes));
    return status.ok() ? kExitOk : complain(status);
  }
  if (options.json) {
    Json list = Json::array();
    for (const ModelShape& shape : *shapes) list.push_back(to_json(shape));
    print_json(list);
  } else {
    print(options.csv ? harness::shapes_csv(*shapes) : table_text(*shapes));
  }
  return kExitOk;
}

}  // namespace

void add_shapes(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("shapes", "The matrix shapes that one rank of a model runs");
  verb->add_option("--model", options->model, "The model's config.json")->required();
  verb->add_option("--tp", options->tp, "Tensor-parallel degree")->capture_default_str();
  verb->add_option("--ep", options->ep, "Expert-parallel degree")->capture_default_str();
  verb->add_option("--m", options->m,
                   "decode, mid, prefill, serving, grid, or a list such as 1,2,4 or 1:64:x2");
  verb->add_option("--out", options->out, "Write the CSV to a file");
  verb->add_flag("--csv", options->csv, "CSV on stdout");
  verb->add_flag("--json", options->json, "A JSON list");
  verb->footer(
      "Example:\n  octet shapes --model data/models/DeepSeek-V3.json --tp 8 --ep 8 --m decode "
      "--csv");
  set_run(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace octet::tools
