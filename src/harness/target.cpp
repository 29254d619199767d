#include "src/harness/target.h"

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {

Result<Stream> open_stream(const Target& target) {
  if (target.device == "cpu") return Stream::cpu(target.threads);
  const size_t colon = target.device.find(':');
  const std::string kind = target.device.substr(0, colon);
  OCTET_REQUIRE(kind == "cuda", "--device {}: must be cpu, cuda or cuda:<index>", target.device);
  if (colon == std::string::npos) return Stream::gpu(0);
  const auto index = parse_int(target.device.substr(colon + 1));
  OCTET_REQUIRE(index.ok() && *index >= 0 && *index < 1024,
                "--device {}: the index must be 0 or more", target.device);
  return Stream::gpu(static_cast<int>(*index));
}

}  // namespace octet::harness
