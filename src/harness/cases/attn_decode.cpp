// attn_decode for check, bench and tune.
#include "src/harness/cases/attn_decode.h"

#include <array>

#include "src/core/try.h"
#include "src/harness/cases/attn_judge.h"
#include "src/harness/measure/read_floor.h"
#include "src/ops/attn_decode/op.h"

namespace octet::harness {

namespace attn = ops::attn_decode;
using attn::Problem;

namespace {

class AttnCheck : public Instance {
 public:
  AttnCheck(AttnOperands operands, Inputs inputs) : o_(std::move(operands)), inputs_(inputs) {}

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream, int64_t) override {
    return launch(&o_.args, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    poison(o_.out);
    poison(o_.lse);
    if (o_.problem.batch > 0) OCTET_CHECK_OK(launch(&o_.args, workspace, stream));
    return judge(o_, inputs_, stream);
  }

  Status read_floor(Stream& stream, int64_t) override {
    read_all(stream, std::array{Region{o_.k.codes.data(), o_.k.codes.bytes()},
                                Region{o_.v.codes.data(), o_.v.codes.bytes()}});
    return Status::Ok();
  }

 private:
  AttnOperands o_;
  Inputs inputs_;
};

/// Times on dense caches that are windows of the arena: k, then v. The scales stay the same.
class AttnTiming : public Instance {
 public:
  AttnTiming(AttnOperands operands, const Arena* arena, bool cold)
      : o_(std::move(operands)), arena_(arena), cold_(cold) {}

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream,
             int64_t iteration) override {
    o_.args.k.data = window(iteration);
    o_.args.v.data = window(iteration) + code_bytes(o_.args.k);
    return launch(&o_.args, workspace, stream);
  }

  Result<CheckReport> check(const Launch&, select::Workspace, Stream&) override {
    return fail(StatusCode::kUnsupported, "operands for timing are not judged on a CPU");
  }

  Status read_floor(Stream& stream, int64_t iteration) override {
    read_all(stream, std::array{Region{window(iteration), 2 * code_bytes(o_.args.k)},
                                Region{o_.k.scale.data(), o_.k.scale.bytes()},
                                Region{o_.k.shift.data(), o_.k.shift.bytes()},
                                Region{o_.v.scale.data(), o_.v.scale.bytes()},
                                Region{o_.v.shift.data(), o_.v.shift.bytes()},
                                Region{o_.q.data(), o_.q.bytes()}});
    return Status::Ok();
  }

 private:
  const uint8_t* window(int64_t iteration) const {
    return arena_->window(cold_ ? iteration : 0, 2 * code_bytes(o_.args.k));
  }

  AttnOperands o_;
  const Arena* arena_;
  bool cold_;
};

}  // namespace

Result<std::unique_ptr<Instance>> make_attn_decode(const select::Problem& problem, Stream& stream,
                                                   const CaseOptions& options) {
  OCTET_CHECK_OK(attn::validate_problem(problem));
  const Device& device = stream.device();
  if (stream.is_gpu()) {
    return fail(StatusCode::kUnsupported, "attn_decode: its case makes operands of a CPU only");
  }
  OCTET_CHECK_OK(check_memory(attn::op(), problem, device));
  const Problem p = attn::from(problem);
  if (!options.for_timing) {
    OCTET_TRY(AttnOperands operands, make_check_operands(p, options));
    return std::unique_ptr<Instance>(new AttnCheck(std::move(operands), options.inputs));
  }
  OCTET_TRY(AttnOperands operands, make_timing_operands(p, options));
  OCTET_TRY(const Arena* arena,
            Arena::get(device.llc_bytes, device.memory_bytes, 2 * code_bytes(operands.args.k)));
  return std::unique_ptr<Instance>(new AttnTiming(std::move(operands), arena, options.cold));
}

}  // namespace octet::harness
