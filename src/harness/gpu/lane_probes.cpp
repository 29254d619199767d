// Probes of what is no matrix instruction: exchange between lanes, bounded memory, FP8 conversions.
#include <bit>
#include <cmath>

#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/harness/gpu/first_light.h"

namespace octet::harness {

OCTET_GFX942_CODE(kLaneProbes, harness, gfx942_probe);

namespace {

constexpr int kLanes = 64;

const gpu::Kernel lanes_kernel(kLaneProbes, "octet_probe_lanes", 0);
const gpu::Kernel bounds_kernel(kLaneProbes, "octet_probe_bounds", 0);
const gpu::Kernel stores_kernel(kLaneProbes, "octet_probe_stores", 0);
const gpu::Kernel from_fp8_kernel(kLaneProbes, "octet_probe_from_fp8", 0);
const gpu::Kernel to_fp8_kernel(kLaneProbes, "octet_probe_to_fp8", 0);

/// Counts words that are not what they should be.
void compare(ProbeOutcome& outcome, size_t index, uint32_t got, uint32_t expected) {
  ++outcome.entries;
  if (got == expected) return;
  if (++outcome.mismatches == 1) {
    outcome.first = fmt::format("word {} is 0x{:x}, not 0x{:x}", index, got, expected);
  }
}

uint32_t float_bits(uint32_t sum) { return std::bit_cast<uint32_t>(static_cast<float>(sum)); }

Result<ProbeOutcome> probe_exchange(Stream& stream) {
  constexpr size_t kWords = 12;  // of a lane, as octet_probe_lanes writes them
  uint32_t words[kLanes], from[kLanes];
  for (uint32_t i = 0; i < kLanes; ++i)
    words[i] = i * i + 3 * i / 2, from[i] = (i * 11 + 5) % kLanes;
  OCTET_TRY(const auto d,
            run_probe(lanes_kernel, {1, words, from, {}, {}, {}, kLanes * kWords}, stream));
  uint64_t odd = 0;
  uint32_t sums[kLanes / 16] = {}, all = 0;
  for (uint32_t i = 0; i < kLanes; ++i) {
    odd |= static_cast<uint64_t>(words[i] & 1) << i;
    sums[i / 16] += words[i];
    all += words[i];
  }
  ProbeOutcome outcome{"lanes: swizzle, permute, ballot, sums", 0, 0, ""};
  for (uint32_t i = 0; i < kLanes; ++i) {
    const uint32_t expected[kWords] = {words[i ^ 1],
                                       words[i ^ 2],
                                       words[i ^ 4],
                                       words[i ^ 8],
                                       words[i ^ 16],
                                       words[i ^ 32],
                                       words[from[i]],
                                       words[0],
                                       static_cast<uint32_t>(odd),
                                       static_cast<uint32_t>(odd >> 32),
                                       float_bits(sums[i / 16]),
                                       float_bits(all)};
    for (size_t j = 0; j < kWords; ++j)
      compare(outcome, i * kWords + j, d[i * kWords + j], expected[j]);
  }
  return outcome;
}

/// Words past the end of the buffer are zero, the others of the same 16 bytes are not.
Result<ProbeOutcome> probe_bounds(Stream& stream) {
  constexpr size_t kInside = 100;  // words of the buffer; memory goes on behind it
  uint32_t memory[256], offsets[kLanes];
  for (uint32_t i = 0; i < 256; ++i) memory[i] = i + 1;
  for (uint32_t i = 0; i < kLanes; ++i) offsets[i] = (kInside - 40 + i) * 4;
  OCTET_TRY(
      const auto d,
      run_probe(bounds_kernel, {1, memory, offsets, {}, {}, {}, kLanes * 4, kInside * 4}, stream));
  ProbeOutcome outcome{"buffer: loads past the end", 0, 0, ""};
  for (size_t i = 0; i < kLanes; ++i) {
    for (size_t j = 0; j < 4; ++j) {
      const size_t at = offsets[i] / 4 + j;
      compare(outcome, i * 4 + j, d[i * 4 + j], at < kInside ? memory[at] : 0);
    }
  }
  return outcome;
}

/// Stores past the end are dropped, word by word.
Result<ProbeOutcome> probe_stores(Stream& stream) {
  constexpr size_t kInside = 202, kWords = 4 * kLanes;  // the last lanes write behind the buffer
  uint32_t values[kWords], offsets[kLanes];
  for (uint32_t i = 0; i < kWords; ++i) values[i] = i + 1;
  for (uint32_t i = 0; i < kLanes; ++i) offsets[i] = i * 16;
  OCTET_TRY(const auto d, run_probe(stores_kernel,
                                    {1, values, offsets, {}, {}, {}, kWords, kInside * 4}, stream));
  ProbeOutcome outcome{"buffer: stores past the end", 0, 0, ""};
  for (size_t i = 0; i < kWords; ++i) {
    compare(outcome, i, d[i], i < kInside ? values[i] : kUntouched);
  }
  return outcome;
}

/// All 256 codes to values, and the values back; any NaN is as good as another.
Result<std::vector<ProbeOutcome>> probe_fp8(Stream& stream) {
  const Minifloat& format = stream.device().arch == Arch::kGfx942 ? kE4m3fnuzFormat : kE4m3fnFormat;
  uint32_t codes[kLanes], values[4 * kLanes];
  for (uint32_t i = 0; i < kLanes; ++i) codes[i] = 0x03020100u + 0x04040404u * i;
  for (uint32_t i = 0; i < 256; ++i) values[i] = std::bit_cast<uint32_t>(decode(format, i));
  OCTET_TRY(const auto decoded,
            run_probe(from_fp8_kernel, {1, codes, {}, {}, {}, {}, 256}, stream));
  OCTET_TRY(const auto encoded,
            run_probe(to_fp8_kernel, {1, values, {}, {}, {}, {}, kLanes}, stream));
  ProbeOutcome from{"fp8 to float32", 0, 0, ""}, to{"float32 to fp8", 0, 0, ""};
  for (uint32_t i = 0; i < 256; ++i) {
    const bool is_nan = std::isnan(decode(format, i));
    const uint32_t code = encoded[i / 4] >> i % 4 * 8 & 255;
    const bool nan_found = std::isnan(std::bit_cast<float>(decoded[i]));
    compare(from, i, is_nan && nan_found ? values[i] : decoded[i], values[i]);
    compare(to, i, is_nan && std::isnan(decode(format, code)) ? i : code, i);
  }
  return std::vector<ProbeOutcome>{from, to};
}

}  // namespace

Result<std::vector<ProbeOutcome>> probe_lanes(Stream& stream) {
  OCTET_TRY(std::vector<ProbeOutcome> outcomes, probe_fp8(stream));
  OCTET_TRY(ProbeOutcome exchange, probe_exchange(stream));
  OCTET_TRY(ProbeOutcome bounds, probe_bounds(stream));
  OCTET_TRY(ProbeOutcome stores, probe_stores(stream));
  outcomes.push_back(std::move(exchange));
  outcomes.push_back(std::move(bounds));
  outcomes.push_back(std::move(stores));
  return outcomes;
}

}  // namespace octet::harness
