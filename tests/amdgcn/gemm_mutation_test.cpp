// Kernels that were made wrong (kernels/gemm_args.h): the machine code in the interpreter, or the
// source on fibers, or both must show it.
#include <gtest/gtest.h>

#include "tests/amdgcn/fibers.h"
#include "tests/amdgcn/kernels/gemm.h"
#include "tests/amdgcn/kernels/gemm_case.h"

namespace octet::amdgcn {
namespace {

struct Kernel {
  bool scaled;
  void (*on_cpu)(GemmArgs);
  Launch (*launch)(const GemmArgs&);
};
const Kernel kTile{false, octet_test_tile, tile_launch};
const Kernel kMx{true, octet_test_mx, mx_launch};

/// Whether an error or a wrong result shows with the source on fibers.
bool caught_on_fibers(const Kernel& kernel, Mutation mutation) {
  GemmCase test(64, 64, 256, true, kernel.scaled);
  GemmArgs args = test.fresh();
  args.mutation = mutation;
  const Launch launch = kernel.launch(args);
  const std::string said = error_of([&] {
    run_on_fibers({{launch.grid[0], launch.grid[1], 1}, launch.block[0], true, 0},
                  [&] { kernel.on_cpu(args); });
  });
  return !said.empty() || !(test.worst() < GemmCase::kBound);
}

/// The same of the machine code.
bool caught_by_interpreter(const Kernel& kernel, Mutation mutation, const std::string& arch) {
  GemmCase test(64, 64, 256, arch == "gfx950", kernel.scaled);
  const auto code = load_code("gemm." + arch + "." + std::to_string(mutation) + ".co");
  const Launch launch = kernel.launch(test.fresh());
  const std::string said = error_of([&] { amdgcn::launch(*code, test.memory, launch); });
  return !said.empty() || !(test.worst() < GemmCase::kBound);
}

void expect_caught(const Kernel& kernel, Mutation mutation) {
  EXPECT_TRUE(caught_on_fibers(kernel, mutation));
  EXPECT_TRUE(caught_by_interpreter(kernel, mutation, "gfx950"));
  if (!kernel.scaled) {
    EXPECT_TRUE(caught_by_interpreter(kernel, mutation, "gfx942"));
  }
}

TEST(Mutation, NoneIsCaughtInTheRightKernels) {
  for (const Kernel& kernel : {kTile, kMx}) {
    EXPECT_FALSE(caught_on_fibers(kernel, kNone));
    EXPECT_FALSE(caught_by_interpreter(kernel, kNone, "gfx950"));
  }
  EXPECT_FALSE(caught_by_interpreter(kTile, kNone, "gfx942"));
}
TEST(Mutation, MissingBarrier) { expect_caught(kTile, kNoBarrier); }
TEST(Mutation, WrongSwizzle) { expect_caught(kTile, kWrongSwizzle); }
TEST(Mutation, WrongRowMapOfTheResult) { expect_caught(kTile, kWrongRowMap); }
TEST(Mutation, ContiguousMxLayout) { expect_caught(kMx, kContiguous); }
TEST(Mutation, ScaleOfTheWrongLane) { expect_caught(kMx, kWrongScaleLane); }
TEST(Mutation, BarrierThatHalfOfTheLanesReach) { expect_caught(kTile, kDivergent); }

}  // namespace
}  // namespace octet::amdgcn
