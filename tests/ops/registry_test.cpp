// What tables and files rely on: they name an op by its formats, or by name.
#include "src/ops/registry.h"

#include <gtest/gtest.h>

#include <set>

namespace octet::ops {
namespace {

TEST(Registry, NamesFindTheirOp) {
  for (const select::Op* op : all()) EXPECT_EQ(find(op->name()).value(), op);
  EXPECT_EQ(find("gemm_mxpf8").status().message().substr(0, 54),
            "unknown op 'gemm_mxpf8' (did you mean 'gemm_mxfp8'?); ");
}

TEST(Registry, NoTwoOpsOfEqualFieldsShareAFormat) {
  std::set<std::string> seen;
  for (const select::Op* op : all()) {
    std::string fields;
    for (const std::string_view field : op->schema->fields) fields += std::string(field) + " ";
    for (uint32_t code = 0; code < op->num_formats; ++code) {
      const std::string format = fields + op->schema->format_name(code);
      EXPECT_TRUE(seen.insert(format).second) << format << " is of two ops";
    }
  }
}

TEST(Registry, ATablesFirstRowSaysItsOp) {
  for (const select::Op* op : all()) {
    std::string row = "generic,2," + op->schema->format_name(0);
    for (size_t i = 0; i < op->schema->fields.size(); ++i) row += ",8";
    const std::string header = csv_line(select::tuned_columns(*op)) + "\n";
    const Csv csv = parse_csv(header + row + ",generic_ref,1,x,\n", "t.csv").value();
    EXPECT_EQ(op_of_table(csv).value(), op);
  }
}

}  // namespace
}  // namespace octet::ops
