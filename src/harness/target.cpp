#include "src/harness/target.h"

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {

Result<Stream> open_stream(const Target& target) {
  if (target.device == "cpu") return Stream::cpu(target.threads);
  const size_t colon = target.device.find(':');
  const std::string kind = target.device.substr(0, colon);
  const GpuApi api = kind == "hip" ? GpuApi::kHip : GpuApi::kCuda;
  OCTET_REQUIRE(kind == gpu_api_name(api), "--device {}: must be cpu, cuda, hip, or either:<index>",
                target.device);
  if (colon == std::string::npos) return Stream::gpu(0, api);
  const auto index = parse_int(target.device.substr(colon + 1));
  OCTET_REQUIRE(index.ok() && *index >= 0 && *index < 1024,
                "--device {}: the index must be 0 or more", target.device);
  return Stream::gpu(static_cast<int>(*index), api);
}

}  // namespace octet::harness
