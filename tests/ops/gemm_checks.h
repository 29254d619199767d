// Checks of a dense GEMM's variants before the judge, for the tests of every such op.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "device/scoped_env.h"
#include "src/cpu/launch.h"
#include "src/harness/measure/bench.h"
#include "src/select/choose.h"

namespace octet::testing_gemm {

struct Shape {
  int64_t m, n, k;
};

/// One check of a kernel on a problem.
using Check = std::function<Result<harness::CheckReport>(const select::Problem&, harness::Inputs,
                                                         uint64_t seed)>;

inline std::string describe(const select::Problem& problem, harness::Inputs inputs, uint64_t seed) {
  return select::to_string(problem) + ", inputs " + std::to_string(static_cast<int>(inputs)) +
         ", seed " + std::to_string(seed);
}

/// Random inputs, and the others of the op in formats that change with the seed.
inline std::vector<harness::Inputs> inputs_of(const select::Op& op, uint32_t format,
                                              uint64_t seed) {
  std::vector<harness::Inputs> kinds{harness::Inputs::kRandom};
  uint64_t turn = seed;
  for (const harness::Inputs inputs : harness::case_of(op).inputs) {
    if (inputs == harness::Inputs::kRandom) continue;
    if (format % 4 == turn++ % 4) kinds.push_back(inputs);
  }
  return kinds;
}

/// Every shape in every format. Returns the number of checks.
inline int check_shapes(const select::Op& op, std::span<const Shape> shapes, const Check& check) {
  uint64_t seed = 1;
  int checks = 0;
  for (const Shape& shape : shapes) {
    for (uint32_t format = 0; format < op.num_formats; ++format) {
      const select::Problem problem{op.schema, format, {shape.m, shape.n, shape.k}};
      for (const harness::Inputs inputs : inputs_of(op, format, seed)) {
        const auto report = check(problem, inputs, seed);
        if (!report.ok() && report.status().code() == StatusCode::kUnsupported) continue;
        EXPECT_TRUE(report.ok()) << report.status().message();
        if (report.ok()) {
          EXPECT_TRUE(report->ok()) << describe(problem, inputs, seed) << ": " << report->failure;
          EXPECT_EQ(report->elements, shape.m * shape.n) << describe(problem, inputs, seed);
        }
        ++checks;
        if (testing::Test::HasFailure()) return checks;
      }
    }
    ++seed;
  }
  return checks;
}

inline const select::Variant& variant_at(const select::Op& op, int index) {
  return op.variants()[static_cast<size_t>(index)];
}

inline std::vector<int> cpu_variants(const select::Op& op) {
  std::vector<int> indices;
  for (size_t i = 0; i < op.variants().size(); ++i) {
    if (is_cpu(op.variants()[i].arch)) indices.push_back(static_cast<int>(i));
  }
  return indices;
}

/// The name of a parametrised test of variant `index`.
inline std::string test_name(const select::Op& op, int index) {
  std::string name = variant_at(op, index).name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

/// check_variant, or kUnsupported where the variant does not run the problem on the stream.
inline Check check_on(const select::Op& op, int variant, Stream& stream) {
  return [&op, variant, &stream](const select::Problem& problem, harness::Inputs inputs,
                                 uint64_t seed) -> Result<harness::CheckReport> {
    const auto support = select::can_run(op, variant, problem, stream.device(), true);
    if (!support.ok) return Status(StatusCode::kUnsupported, support.reason);
    return harness::check_variant(op, variant, problem, inputs, seed, stream);
  };
}

/// `small` on two threads, `large` on three.
inline void expect_variant_right(const select::Op& op, int variant, std::span<const Shape> small,
                                 std::span<const Shape> large) {
  Stream stream = Stream::cpu(2).value();
  if (!arch_runs(stream.device().arch, variant_at(op, variant).arch)) {
    GTEST_SKIP() << "this machine has no " << arch_name(variant_at(op, variant).arch);
  }
  int checks = check_shapes(op, small, check_on(op, variant, stream));
  Stream odd = Stream::cpu(3).value();
  checks += check_shapes(op, large, check_on(op, variant, odd));
  if (checks == 0) GTEST_SKIP() << "this machine runs it on no shape";
}

/// How a kernel sees the problems and calls of an op.
struct Tasks {
  cpu::Task (*sizes)(const select::Problem&);
  cpu::Task (*task)(const void* args);
};

/// A kernel that is no variant on this machine: emulated AMX, for up to `max_tokens`.
inline void expect_emulated_right(const select::Op& op, const cpu::Kernel& kernel,
                                  const Tasks& tasks, std::span<const Shape> shapes,
                                  int64_t max_tokens = 1024) {
  Stream stream = Stream::cpu(2).value();
  if (!arch_runs(stream.device().arch, Arch::kX86Avx512) || !stream.device().has_avx512_bf16) {
    GTEST_SKIP() << "the emulation needs avx512 with vbmi and bf16";
  }
  const harness::Launch launch = [&](const void* args, select::Workspace workspace, Stream& s) {
    return cpu::run(kernel, tasks.task(args), workspace, s);
  };
  const Check check = [&](const select::Problem& problem, harness::Inputs inputs,
                          uint64_t seed) -> Result<harness::CheckReport> {
    if (problem.field[0] > max_tokens) return Status(StatusCode::kUnsupported, "too many tokens");
    auto instance = harness::case_of(op).make(problem, stream, {inputs, seed});
    if (!instance.ok()) return instance.status();
    const int64_t bytes = cpu::workspace_bytes(kernel, tasks.sizes(problem), 2);
    return (*instance)->check(launch, {stream.workspace(bytes).value(), bytes}, stream);
  };
  const auto served = std::count_if(shapes.begin(), shapes.end(),
                                    [&](const Shape& shape) { return shape.m <= max_tokens; });
  EXPECT_GE(check_shapes(op, shapes, check), served * op.num_formats);
}

/// Every tier of this machine runs the kernels of its chain, nothing above, and the reference last.
inline void expect_tiers_run_their_chain(const select::Op& op, const select::Problem& problem) {
  const Arch highest = Stream::cpu(1).value().device().arch;
  for (const Arch tier : arch_chain(highest)) {
    const std::string name(arch_name(tier));
    SCOPED_TRACE(name);
    const testing_env::ScopedEnv forced("OCTET_CPU_ARCH", name.c_str());
    Stream stream = Stream::cpu(2).value();
    const std::vector<int> runnable = harness::runnable(op, problem, stream.device());
    ASSERT_GE(runnable.size(), 2u) << "the portable kernel and the reference run on every tier";
    for (const int index : runnable) {
      EXPECT_TRUE(arch_runs(tier, variant_at(op, index).arch)) << variant_at(op, index).name;
      const auto report = check_on(op, index, stream)(problem, harness::Inputs::kRandom, 2);
      ASSERT_TRUE(report.ok()) << report.status().message();
      EXPECT_TRUE(report->ok()) << variant_at(op, index).name << ": " << report->failure;
    }
    EXPECT_EQ(variant_at(op, runnable.back()).name, "generic_ref") << "the reference is last";
  }
}

/// Without tables every tier of this machine chooses a kernel, not the reference.
inline void expect_every_shape_served(const select::Op& op, std::span<const Shape> shapes) {
  const select::TunedTables no_tables;
  const Arch highest = Stream::cpu(1).value().device().arch;
  for (const Arch tier : arch_chain(highest)) {
    const Device device = device_profile(arch_name(tier)).value();
    for (const Shape& shape : shapes) {
      for (uint32_t format = 0; format < op.num_formats; ++format) {
        const select::Problem problem{op.schema, format, {shape.m, shape.n, shape.k}};
        const auto choice = select::choose(op, problem, device, no_tables);
        ASSERT_TRUE(choice.ok()) << choice.status().message();
        if (shape.m == 0 || shape.n == 0) continue;  // nothing runs, whatever is chosen
        EXPECT_NE(variant_at(op, choice->variant).name, "generic_ref")
            << select::to_string(problem) << " on " << arch_name(tier);
      }
    }
  }
}

}  // namespace octet::testing_gemm
