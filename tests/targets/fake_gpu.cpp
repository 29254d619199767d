// A driver of GPUs that are not there, for CUDA and HIP: OCTET_FAKE_SM (such as 90) and
// OCTET_FAKE_GFX (such as gfx942:sramecc+) say which; without one it has no device.
#include <cstdlib>
#include <cstring>

namespace {

const char* sm() { return std::getenv("OCTET_FAKE_SM"); }
const char* gfx() { return std::getenv("OCTET_FAKE_GFX"); }

}  // namespace

extern "C" {

int cuInit(unsigned) { return 0; }
int cuDeviceGetCount(int* count) {
  *count = sm() != nullptr ? 2 : 0;
  return 0;
}
int cuDeviceGet(int* device, int index) {
  *device = index;
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  const int capability = std::atoi(sm());
  *value = attribute == 75 ? capability / 10 : capability % 10;
  return 0;
}

int hipInit(unsigned) { return 0; }
int hipGetDeviceCount(int* count) {
  *count = gfx() != nullptr ? 1 : 0;
  return 0;
}
int hipGetDevicePropertiesR0600(void* properties, int) {
  std::strcpy(static_cast<char*>(properties) + 1160, gfx());
  return 0;
}
}
