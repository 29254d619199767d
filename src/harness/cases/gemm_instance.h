// Operands and instances of dense GEMMs on the host, for every op: a check on its own operands, a
// timing on dense ones whose weights are windows of the arena.
//
// `Op` is what the case of an op says of it:
//
//   using Operands = GemmOperands<...>;
//   static const Minifloat& codes(const Problem&);
//   static int64_t b_bytes(const Problem&);            a dense window of weights, in any layout
//   static int64_t b_bytes(const Problem&, int64_t stride);
//   static int64_t a_scale_bytes(const Problem&, bool odd), b_scale_bytes(the same);
//   static Args args(const Problem&, const GemmPointers&, const GemmStrides&, bool odd);
//   static constexpr bool kDeviceOdd;   odd: a layout of scales that is not the plain one; this is
//                                       whether producers on a GPU emit it
//   static void fill_b(Random&, const CodeChoice&, Operands&);
//   static void fill_scales(Random&, Inputs, const Buffer&);
//   static void plant(Random&, Inputs, Operands&);     what the inputs ask for besides
//
// and beside it a function judge(const Operands&, Inputs, Stream&).
#pragma once

#include <algorithm>
#include <array>

#include "src/core/try.h"
#include "src/harness/cases/gemm_judge.h"
#include "src/harness/measure/read_floor.h"

namespace octet::harness {

/// Checks on its own operands; runs on the same.
template <class Op>
class GemmCheckInstance : public Instance {
 public:
  GemmCheckInstance(typename Op::Operands operands, Inputs inputs)
      : operands_(std::move(operands)), inputs_(inputs) {}

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream, int64_t) override {
    return launch(&operands_.args, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    poison(operands_);
    if (operands_.problem.m > 0 && operands_.problem.n > 0) {
      OCTET_CHECK_OK(launch(&operands_.args, workspace, stream));
    }
    return judge(operands_, inputs_, stream);
  }

  Status read_floor(Stream& stream, int64_t) override {
    read_all(stream, std::array{Region{operands_.b.data(), operands_.b.bytes()}});
    return Status::Ok();
  }

 private:
  typename Op::Operands operands_;
  Inputs inputs_;
};

/// Times on dense operands whose weights are windows of the arena.
template <class Op>
class GemmTimingInstance : public Instance {
 public:
  GemmTimingInstance(typename Op::Operands operands, const Arena* arena, bool cold)
      : operands_(std::move(operands)), arena_(arena), cold_(cold) {}

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream,
             int64_t iteration) override {
    operands_.args.b.data = window(iteration);
    return launch(&operands_.args, workspace, stream);
  }

  Result<CheckReport> check(const Launch&, select::Workspace, Stream&) override {
    return fail(StatusCode::kUnsupported, "operands for timing are not judged on a CPU");
  }

  Status read_floor(Stream& stream, int64_t iteration) override {
    const auto& p = operands_.problem;
    read_all(stream,
             std::array{Region{window(iteration), b_bytes()}, Region{operands_.a.data(), p.m * p.k},
                        Region{operands_.d.data(), p.m * p.n * size_of(p.d)}});
    return Status::Ok();
  }

 private:
  int64_t b_bytes() const { return Op::b_bytes(operands_.problem); }
  const uint8_t* window(int64_t iteration) const {
    return arena_->window(cold_ ? iteration : 0, b_bytes());
  }

  typename Op::Operands operands_;
  const Arena* arena_;
  bool cold_;
};

/// Operands of a check: padded strides, unreadable pages behind operands, canaries around d.
template <class Op>
Result<typename Op::Operands> make_gemm_operands(const typename Op::Operands::Problem& p,
                                                 const CaseOptions& options) {
  typename Op::Operands o{p, {}, {}, {}, {}, {}, {}, options.seed};
  const GemmStrides strides = check_strides(p.n, p.k);
  const bool odd = options.seed % 2 == 1;
  OCTET_TRY(o.a, Buffer::allocate_guarded(span_bytes(p.m, p.k, strides.a)));
  OCTET_TRY(o.b, Buffer::allocate_guarded(Op::b_bytes(p, strides.b)));
  OCTET_TRY(o.a_scale, Buffer::allocate_guarded(Op::a_scale_bytes(p, odd)));
  OCTET_TRY(o.b_scale, Buffer::allocate_guarded(Op::b_scale_bytes(p, odd)));
  OCTET_TRY(o.d, Buffer::allocate(p.m * strides.d * size_of(p.d) + 2 * kCanaryBytes));
  o.args = Op::args(p, pointers_of(o), strides, odd);
  Random random(options.seed);
  const CodeChoice choice = code_choice(Op::codes(p), options.inputs);
  fill_codes(random, choice, o.a.data(), p.m, p.k, strides.a);
  Op::fill_b(random, choice, o);
  Op::fill_scales(random, options.inputs, o.a_scale);
  Op::fill_scales(random, options.inputs, o.b_scale);
  if (p.m > 0 && p.n > 0) Op::plant(random, options.inputs, o);
  return o;
}

/// Operands of a timing but b: dense, codes of a from the arena.
template <class Op>
Result<typename Op::Operands> make_timing_operands(const typename Op::Operands::Problem& p,
                                                   const Arena& arena, const CaseOptions& options) {
  typename Op::Operands o{p, {}, {}, {}, {}, {}, {}};
  OCTET_TRY(o.a, Buffer::allocate(p.m * p.k));
  OCTET_TRY(o.a_scale, Buffer::allocate(Op::a_scale_bytes(p, false)));
  OCTET_TRY(o.b_scale, Buffer::allocate(Op::b_scale_bytes(p, false)));
  OCTET_TRY(o.d, Buffer::allocate(p.m * p.n * size_of(p.d) + 2 * kCanaryBytes));
  o.args = Op::args(p, pointers_of(o), {p.k, p.k, p.n}, false);
  Random random(options.seed);
  std::copy_n(arena.window(arena.num_windows(p.m * p.k) - 1, p.m * p.k), p.m * p.k, o.a.data());
  Op::fill_scales(random, options.inputs, o.a_scale);
  Op::fill_scales(random, options.inputs, o.b_scale);
  poison(o);
  return o;
}

template <class Op>
Result<std::unique_ptr<Instance>> make_gemm_instance(const typename Op::Operands::Problem& p,
                                                     const Device& device,
                                                     const CaseOptions& options) {
  if (!options.for_timing) {
    OCTET_TRY(typename Op::Operands operands, make_gemm_operands<Op>(p, options));
    return std::unique_ptr<Instance>(
        new GemmCheckInstance<Op>(std::move(operands), options.inputs));
  }
  OCTET_TRY(const Arena* arena, Arena::get(device.llc_bytes, device.memory_bytes, Op::b_bytes(p)));
  OCTET_TRY(typename Op::Operands operands, make_timing_operands<Op>(p, *arena, options));
  return std::unique_ptr<Instance>(
      new GemmTimingInstance<Op>(std::move(operands), arena, options.cold));
}

}  // namespace octet::harness
