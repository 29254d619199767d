// One process, GPUs of two vendors, three archs and two numbers of compute units, one table: each
// device takes the row of its own key and runs the code object of its own arch.
#include "build_paths.h"
#include "device/stand_in.h"
#include "octet/gemm_blockscale.h"
#include "src/core/csv.h"
#include "src/harness/case.h"
#include "src/ops/gemm_blockscale/op.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_blockscale;

/// The same m, n and k in every row; the winners differ, also where only cu_num does.
constexpr const char* kTable =
    "arch,cu_num,format,m,n,k,variant,us,source\n"
    "sm90,132,e4m3fn,5,200,640,sm90_simple,9,test\n"
    "gfx942,304,e4m3fnuz,5,200,640,gfx942_mfma_16x64x256_v1,9,test\n"
    "gfx942,80,e4m3fnuz,5,200,640,gfx942_mfma_64x64x128_v1,9,test\n"
    "gfx950,256,e4m3fn,5,200,640,gfx950_mfma_16x64x256_v1,9,test\n";

struct Expected {
  GpuApi api;
  int index;
  const char *format, *variant;
};
constexpr Expected kDevices[] = {
    {GpuApi::kCuda, 0, "e4m3fn", "sm90_simple"},
    {GpuApi::kHip, 0, "e4m3fnuz", "gfx942_mfma_16x64x256_v1"},
    {GpuApi::kHip, 1, "e4m3fnuz", "gfx942_mfma_64x64x128_v1"},
    {GpuApi::kHip, 2, "e4m3fn", "gfx950_mfma_16x64x256_v1"},
};

class RegistryDevicesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto table = parse_tuned_table(gemm::op(), parse_csv(kTable, "four.csv").value());
    ASSERT_TRUE(table.ok()) << table.status().message();
    ASSERT_EQ(table->rows.size(), 4u) << (table->bad.empty() ? "" : table->bad[0]);
    ops::tuned_tables().add(*table);
  }
  static select::Problem problem(const char* format) {
    return {gemm::op().schema, gemm::op().schema->parse_format(format).value(), {5, 200, 640}};
  }
  static bool built(const char* variant, const Device& device) {
    return select::can_run(gemm::op(), gemm::op().find(variant),
                           problem(device.arch == Arch::kGfx942 ? "e4m3fnuz" : "e4m3fn"), device,
                           true)
        .ok;
  }
};

TEST_F(RegistryDevicesTest, EachDeviceIsToldOfItsOwnRow) {
  for (const Expected& expected : kDevices) {
    const Stream stream = Stream::gpu(expected.index, expected.api).value();
    const auto plan = select::explain(gemm::op(), problem(expected.format), stream.device(),
                                      ops::tuned_tables(), {{}, false});
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_EQ(plan->variant, expected.variant);
    EXPECT_EQ(plan->why, "tuned:exact") << expected.variant;
  }
}

/// 38 compute units: no row of its own, so the nearest of its arch, as a hint.
TEST_F(RegistryDevicesTest, ADeviceWithoutARowTakesTheNearestOfItsArch) {
  const Stream stream = Stream::gpu(4, GpuApi::kHip).value();
  const auto plan = select::explain(gemm::op(), problem("e4m3fnuz"), stream.device(),
                                    ops::tuned_tables(), {{}, false});
  EXPECT_EQ(plan->variant, "gfx942_mfma_64x64x128_v1");
  EXPECT_EQ(plan->why, "tuned:exact cu_num=80");
}

/// Twice around, so that what one device remembers would be seen on the next.
TEST_F(RegistryDevicesTest, EachDeviceRunsTheKernelOfItsRow) {
  if (!build_paths::kHaveAmdgcn) GTEST_SKIP() << "no interpreter of AMD kernels here";
  for (int round = 0; round < 2; ++round) {
    for (const Expected& expected : kDevices) {
      Stream stream = Stream::gpu(expected.index, expected.api).value();
      if (!built(expected.variant, stream.device())) continue;  // not among this build's targets
      stand_in::control(expected.api).reset();
      const auto instance =
          harness::case_of(gemm::op()).make(problem(expected.format), stream, {}).value();
      const auto launch = [](const void* args, select::Workspace, Stream& on) {
        return gemm_blockscale(*static_cast<const GemmBlockscaleArgs*>(args), on);
      };
      const auto report = instance->check(launch, {}, stream);
      ASSERT_TRUE(report.ok()) << expected.variant << ": " << report.status().message();
      EXPECT_EQ(report->failure, "") << expected.variant;
      const auto launches = stand_in::control(expected.api).launches();
      ASSERT_EQ(launches.size(), 1u) << expected.variant;
      EXPECT_TRUE(launches[0].entry.starts_with(std::string("octet_") + expected.variant))
          << launches[0].entry;
    }
  }
}

}  // namespace
}  // namespace octet
