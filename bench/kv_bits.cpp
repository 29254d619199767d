// kv_append on GPU 0 against plain loops over the codecs, bit for bit, in a few seconds: every form
// of the tests, rows off their alignment, a chunk of a prefill against the CPU's kernels, and the
// words of tokens that have no place: kv_bits [tokens of the chunk]. Exit code 3 where there is no
// GPU.
#include <cstdio>
#include <cstdlib>

#include "bench/device_copies.h"
#include "bench/tally.h"
#include "ops/quantize/append_forms.h"

namespace {

using namespace octet;
using bench::Copies;
using bench::Tally;
using testing_append::By;
using testing_append::Form;
using testing_append::Shape;
using testing_append::SmallAppend;
using testing_append::TestCache;

Tally tally;

Status place_cache(Copies& copies, const TestCache& from, MutableKvCache& cache, int64_t offset) {
  OCTET_CHECK_OK(copies.place(cache.data, from.codes, offset));
  BasicKvScales<void>& s = cache.scales;
  if (s.scale != nullptr) OCTET_CHECK_OK(copies.place(s.scale, from.scale));
  if (s.shift != nullptr) OCTET_CHECK_OK(copies.place(s.shift, from.shift));
  if (s.packed != nullptr) OCTET_CHECK_OK(copies.place(s.packed, from.packed));
  return Status::Ok();
}
/// In the order of place_cache.
Status fetch_cache(const Copies& copies, size_t at, TestCache& to) {
  const BasicKvScales<void>& s = to.cache.scales;
  OCTET_CHECK_OK(copies.fetch(at++, to.codes));
  if (s.scale != nullptr) OCTET_CHECK_OK(copies.fetch(at++, to.scale));
  if (s.shift != nullptr) OCTET_CHECK_OK(copies.fetch(at++, to.shift));
  if (s.packed != nullptr) OCTET_CHECK_OK(copies.fetch(at++, to.packed));
  return Status::Ok();
}

/// The call on the GPU, `repeats` times; the caches come back. `fault` gets the words.
Status append_there(Stream& gpu, SmallAppend& call, int64_t offset, std::vector<int32_t>& fault,
                    int repeats = 1) {
  Copies keys(gpu), values(gpu), others(gpu);
  KvAppendArgs args = call.args;
  OCTET_CHECK_OK(place_cache(keys, call.k, args.k_cache, offset));
  OCTET_CHECK_OK(place_cache(values, call.v, args.v_cache, offset));
  OCTET_CHECK_OK(others.place(args.k.data, call.x[0], offset * 2));
  OCTET_CHECK_OK(others.place(args.v.data, call.x[1], offset * 2));
  if (args.slots != nullptr) OCTET_CHECK_OK(others.place(args.slots, call.slots));
  if (args.seqlens != nullptr) OCTET_CHECK_OK(others.place(args.seqlens, call.seqlens));
  if (args.cu_seqlens != nullptr) OCTET_CHECK_OK(others.place(args.cu_seqlens, call.cu_seqlens));
  if (args.page_table != nullptr) OCTET_CHECK_OK(others.place(args.page_table, call.table));
  OCTET_CHECK_OK(others.place(args.fault, fault));
  for (int i = 0; i < repeats; ++i) {
    args.overlap_previous = i % 2 != 0;
    OCTET_CHECK_OK(kv_append(args, gpu));
  }
  OCTET_CHECK_OK(gpu.synchronize());
  OCTET_CHECK_OK(fetch_cache(keys, 0, call.k));
  OCTET_CHECK_OK(fetch_cache(values, 0, call.v));
  return others.fetch_last(fault);
}

Status check_forms(Stream& gpu, int64_t offset) {
  Status status;
  testing_append::expect_every_form([&](SmallAppend& call) {
    std::vector<int32_t> fault(4);
    const TestCache k = call.expected(0), v = call.expected(1);
    if (status.ok()) status = append_there(gpu, call, offset, fault);
    tally.add(call.k == k && call.v == v && fault == std::vector<int32_t>(4),
              to_string(call.s) + ", offset " + std::to_string(offset));
  });
  tally.say("every form at offset " + std::to_string(offset));
  return status;
}

/// A chunk of a prefill, which many thread blocks share, against the CPU's kernels.
Status check_chunks(Stream& gpu, int64_t tokens) {
  OCTET_TRY(Stream cpu, Stream::cpu());
  for (const DType x : {DType::kBf16, DType::kF32}) {
    for (const Form form : testing_append::kForms) {
      const Shape shape{By::kRagged, {tokens, 1, tokens / 3}, {},   8,   128, 64, KvLayout::kHnd, 0,
                        x,           DType::kE4m3fn,          form, form};
      SmallAppend there(shape), here(shape);
      std::vector<int32_t> fault(4);
      OCTET_CHECK_OK(append_there(gpu, there, 0, fault, 20));
      OCTET_CHECK_OK(kv_append(here.args, cpu));
      tally.add(there.k == here.k && there.v == here.v, "chunk, " + to_string(shape));
    }
  }
  tally.say("chunks");
  return Status::Ok();
}

/// Many sequences of no to three new tokens, found by rows of every number of lanes.
Status check_searches(Stream& gpu) {
  for (const int64_t dim : {16, 32, 64, 128, 256, 512}) {
    for (const size_t sequences : {size_t{1}, size_t{5}, size_t{64}, size_t{257}}) {
      std::vector<int64_t> fresh;
      for (size_t i = 0; i < sequences; ++i) fresh.push_back(static_cast<int64_t>(i * 7 % 11 % 4));
      SmallAppend call({By::kRagged, fresh, {}, 3, dim, 16});
      const TestCache k = call.expected(0), v = call.expected(1);
      std::vector<int32_t> fault(4);
      OCTET_CHECK_OK(append_there(gpu, call, 0, fault));
      tally.add(call.k == k && call.v == v && fault == std::vector<int32_t>(4),
                std::to_string(sequences) + " sequences, dim " + std::to_string(dim));
    }
  }
  tally.say("searches");
  return Status::Ok();
}

/// A token without a place is skipped and told; the others go where they belong.
Status check_faults(Stream& gpu) {
  const auto check = [&](SmallAppend& call, size_t token, std::vector<int32_t> expected) {
    call.slots[token] = -1;
    const TestCache k = call.expected(0), v = call.expected(1);
    std::vector<int32_t> fault(4);
    OCTET_CHECK_OK(append_there(gpu, call, 0, fault));
    tally.add(call.k == k && call.v == v && fault == expected,
              "fault " + std::to_string(expected[0]) + " is " + std::to_string(fault[0]) + " " +
                  std::to_string(fault[1]) + " " + std::to_string(fault[2]) + " " +
                  std::to_string(fault[3]));
    return Status::Ok();
  };
  const Form form = Form::kTokenShift;
  SmallAppend length({By::kLengths, {1, 1, 1}, {5, 1, 2}, 2, 128, 16});
  length.seqlens[1] = 1000;
  OCTET_CHECK_OK(check(length, 1, {1, 1, 0, 1000}));
  SmallAppend page({By::kLengths, {1, 1}, {40, 20}, 2, 64, 16, KvLayout::kHnd});
  page.table[2] = -5;
  OCTET_CHECK_OK(check(page, 0, {2, 0, 2, -5}));
  SmallAppend slot(
      {By::kSlots, {9}, {}, 2, 128, 16, KvLayout::kNhd, 0, DType::kF16, DType::kE5m2, form, form});
  std::vector<int64_t> given = slot.slots;
  given[3] = (int64_t{5} << 32) + 7;
  slot.args.slots = given.data();
  slot.slots[3] = -1;
  const TestCache k = slot.expected(0);
  std::swap(slot.slots, given);  // what is placed
  std::vector<int32_t> fault(4);
  OCTET_CHECK_OK(append_there(gpu, slot, 0, fault));
  tally.add(slot.k == k && fault == std::vector<int32_t>({3, 3, 5, 7}), "fault 3");
  return Status::Ok();
}

Status check_all(int64_t tokens) {
  OCTET_TRY(Stream gpu, Stream::gpu(0));
  for (const int64_t offset : {0, 2, 4}) OCTET_CHECK_OK(check_forms(gpu, offset));
  OCTET_CHECK_OK(check_searches(gpu));
  OCTET_CHECK_OK(check_faults(gpu));
  return check_chunks(gpu, tokens);
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line as soon as it is known
  const Status status = check_all(argc > 1 ? std::atoll(argv[1]) : 1500);
  std::printf("kv_bits: %d calls, %d wrong\n", tally.checked, tally.wrong);
  if (!status.ok()) std::fprintf(stderr, "kv_bits: %s\n", status.message().c_str());
  if (status.code() == StatusCode::kNoDevice) return 3;
  return status.ok() && tally.wrong == 0 ? 0 : 1;
}
