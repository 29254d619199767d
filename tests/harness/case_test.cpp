// Every op of the registry has its case; an op that has none is refused by name.
#include "src/harness/case.h"

#include <gtest/gtest.h>

#include "src/ops/registry.h"

namespace octet::harness {
namespace {

TEST(Case, EveryOpHasItsOwn) {
  for (const select::Op* op : ops::all()) {
    EXPECT_EQ(case_of(*op).op, op) << op->name();
    EXPECT_FALSE(case_of(*op).inputs.empty()) << op->name();
  }
}

TEST(Case, AnOpWithoutOneMakesNothing) {
  select::OpSchema schema = *ops::all()[0]->schema;
  schema.name = "no_such_op";
  select::Op op = *ops::all()[0];
  op.schema = &schema;
  Stream stream = Stream::cpu(1).value();
  const auto made = case_of(op).make({&schema, 0, {1, 1, 128}}, stream, {});
  EXPECT_EQ(made.status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(made.status().message(), "no_such_op: the harness has no case for it");
}

}  // namespace
}  // namespace octet::harness
