// attn_decode for check, bench and tune.
#include "src/harness/cases/attn_decode.h"

#include <array>
#include <numeric>
#include <type_traits>
#include <vector>

#include "src/core/try.h"
#include "src/harness/cases/attn_judge.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/placed_buffer.h"
#include "src/harness/measure/read_floor.h"
#include "src/ops/attn_decode/op.h"

namespace octet::harness {

namespace attn = ops::attn_decode;
using attn::Problem;

namespace {

/// Where the kernels of a stream read the operands: the host's memory, or copies on a GPU.
class PlacedOperands {
 public:
  Status place(const AttnOperands& o, const Stream& stream, AttnDecodeArgs& args) {
    args = o.args;
    OCTET_CHECK_OK(mirror(stream, o.q, args.q.data));
    OCTET_CHECK_OK(mirror(stream, o.seqlens, args.seqlens));
    OCTET_CHECK_OK(mirror(stream, o.page_table, args.page_table));
    OCTET_CHECK_OK(mirror(stream, o.sinks, args.sinks));
    OCTET_CHECK_OK(place_cache(stream, o.k, args.k));
    OCTET_CHECK_OK(place_cache(stream, o.v, args.v));
    OCTET_TRY(out_, PlacedBuffer::mirror(stream, o.out));
    OCTET_TRY(lse_, PlacedBuffer::mirror(stream, o.lse));
    args.out.data = out_.as() + kCanaryBytes;
    args.lse = reinterpret_cast<float*>(lse_.as() + kCanaryBytes);
    return Status::Ok();
  }

  Status upload_results(const AttnOperands& o) {
    OCTET_CHECK_OK(out_.upload(o.out.data(), o.out.bytes()));
    return lse_.upload(o.lse.data(), o.lse.bytes());
  }
  Status download_results(const AttnOperands& o) const {
    OCTET_CHECK_OK(out_.download(o.out.data(), o.out.bytes()));
    return lse_.download(o.lse.data(), o.lse.bytes());
  }

 private:
  /// Leaves what is null as it is.
  template <class T>
  Status mirror(const Stream& stream, const Buffer& host, T*& to) {
    if (to == nullptr) return Status::Ok();
    OCTET_TRY(PlacedBuffer placed, PlacedBuffer::mirror(stream, host));
    to = placed.as<std::remove_const_t<T>>();
    operands_.push_back(std::move(placed));
    return Status::Ok();
  }
  Status place_cache(const Stream& stream, const AttnCache& host, KvCache& cache) {
    OCTET_CHECK_OK(mirror(stream, host.codes, cache.data));
    OCTET_CHECK_OK(mirror(stream, host.scale, cache.scales.scale));
    OCTET_CHECK_OK(mirror(stream, host.shift, cache.scales.shift));
    return mirror(stream, host.packed, cache.scales.packed);
  }

  std::vector<PlacedBuffer> operands_;
  PlacedBuffer out_, lse_;
};

class AttnCheck : public Instance {
 public:
  AttnCheck(AttnOperands operands, Inputs inputs) : o_(std::move(operands)), inputs_(inputs) {}

  Status place(const Stream& stream) { return placed_.place(o_, stream, args_); }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream, int64_t) override {
    return launch(&args_, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    poison(o_.out);
    poison(o_.lse);
    OCTET_CHECK_OK(placed_.upload_results(o_));
    if (o_.problem.batch > 0) {
      OCTET_CHECK_OK(launch(&args_, workspace, stream));
      OCTET_CHECK_OK(stream.synchronize());
    }
    OCTET_CHECK_OK(placed_.download_results(o_));
    if (!stream.is_gpu()) return judge(o_, inputs_, stream);
    OCTET_TRY(Stream * host, host_stream());
    return judge(o_, inputs_, *host, AttnArithmetic::kTensorCore);
  }

  Status read_floor(Stream& stream, int64_t) override {
    if (stream.is_gpu()) return device_read_all(stream, args_.k.data, o_.k.codes.bytes());
    read_all(stream, std::array{Region{o_.k.codes.data(), o_.k.codes.bytes()},
                                Region{o_.v.codes.data(), o_.v.codes.bytes()}});
    return Status::Ok();
  }

 private:
  AttnOperands o_;
  Inputs inputs_;
  AttnDecodeArgs args_;
  PlacedOperands placed_;
};

/// Times on dense caches that are windows of an arena: k, then v. The scales stay the same.
class AttnTiming : public Instance {
 public:
  AttnTiming(AttnOperands operands, bool cold) : o_(std::move(operands)), cold_(cold) {}

  Status place(Stream& stream) {
    OCTET_CHECK_OK(placed_.place(o_, stream, args_));
    if (stream.is_gpu()) {
      OCTET_TRY(device_, DeviceArena::get(stream, window_bytes()));
      return Status::Ok();
    }
    const Device& device = stream.device();
    OCTET_TRY(host_, Arena::get(device.llc_bytes, device.memory_bytes, window_bytes()));
    return Status::Ok();
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream,
             int64_t iteration) override {
    args_.k.data = window(iteration);
    args_.v.data = window(iteration) + code_bytes(args_.k);
    return launch(&args_, workspace, stream);
  }

  Result<CheckReport> check(const Launch&, select::Workspace, Stream&) override {
    return fail(StatusCode::kUnsupported, "operands for timing are not judged");
  }

  Status read_floor(Stream& stream, int64_t iteration) override {
    const auto bytes = static_cast<int64_t>(share() * static_cast<double>(window_bytes()));
    if (stream.is_gpu()) return device_read_all(stream, window(iteration), bytes / 16 * 16);
    read_all(stream, std::array{Region{window(iteration), bytes},
                                Region{o_.k.scale.data(), o_.k.scale.bytes()},
                                Region{o_.k.shift.data(), o_.k.shift.bytes()},
                                Region{o_.v.scale.data(), o_.v.scale.bytes()},
                                Region{o_.v.shift.data(), o_.v.shift.bytes()},
                                Region{o_.q.data(), o_.q.bytes()}});
    return Status::Ok();
  }

  double share() const override {
    const int32_t* lengths = o_.args.seqlens;
    const auto tokens =
        std::accumulate(lengths, lengths + o_.problem.batch, int64_t{0});  // each at most ctx
    const int64_t most = o_.problem.batch * o_.problem.context;
    return most > 0 ? static_cast<double>(tokens) / static_cast<double>(most) : 1;
  }

 private:
  int64_t window_bytes() const { return 2 * code_bytes(o_.args.k); }
  const uint8_t* window(int64_t iteration) const {
    const int64_t index = cold_ ? iteration : 0;
    return device_ != nullptr ? device_->window(index, window_bytes())
                              : host_->window(index, window_bytes());
  }

  AttnOperands o_;
  const Arena* host_ = nullptr;
  const DeviceArena* device_ = nullptr;
  bool cold_;
  AttnDecodeArgs args_;
  PlacedOperands placed_;
};

}  // namespace

Result<std::unique_ptr<Instance>> make_attn_decode(const select::Problem& problem, Stream& stream,
                                                   const CaseOptions& options) {
  OCTET_CHECK_OK(attn::validate_problem(problem));
  OCTET_CHECK_OK(check_memory(attn::op(), problem, stream.device()));
  const Problem p = attn::from(problem);
  if (!options.for_timing) {
    OCTET_TRY(AttnOperands operands, make_check_operands(p, options));
    auto instance = std::make_unique<AttnCheck>(std::move(operands), options.inputs);
    OCTET_CHECK_OK(instance->place(stream));
    return std::unique_ptr<Instance>(std::move(instance));
  }
  OCTET_TRY(AttnOperands operands, make_timing_operands(p, options));
  auto instance = std::make_unique<AttnTiming>(std::move(operands), options.cold);
  OCTET_CHECK_OK(instance->place(stream));
  return std::unique_ptr<Instance>(std::move(instance));
}

}  // namespace octet::harness
