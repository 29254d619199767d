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
  const std::string header = "arch,cu_num,format,m,n,k,variant,us,source\n";
  for (const select::Op* op : all()) {
    const std::string row =
        "generic,2," + op->schema->format_name(0) + ",1,256,256,generic_ref,1,x\n";
    const Csv csv = parse_csv(header + row, "t.csv").value();
    EXPECT_EQ(op_of_table(csv).value(), op);
  }
}

}  // namespace
}  // namespace octet::ops
