// The management library beside the stand-in: one card at 1755 MHz and 612.5 W.
#include <cstring>

#define OCTET_NVML(name) extern "C" __attribute__((visibility("default"))) int name

OCTET_NVML(nvmlInit_v2)() { return 0; }
OCTET_NVML(nvmlDeviceGetHandleByPciBusId_v2)(const char* id, void** device) {
  static int card;
  *device = &card;
  return std::strcmp(id, "0000:06:00.0") == 0 ? 0 : 6;  // NVML_ERROR_NOT_FOUND
}
OCTET_NVML(nvmlDeviceGetClockInfo)(void*, int kind, unsigned* mhz) {
  *mhz = kind == 1 ? 1755 : 3201;
  return 0;
}
OCTET_NVML(nvmlDeviceGetMaxClockInfo)(void*, int kind, unsigned* mhz) {
  *mhz = kind == 1 ? 1980 : 3201;
  return 0;
}
OCTET_NVML(nvmlSystemGetDriverVersion)(char* version, unsigned length) {
  if (length < 10) return 7;  // NVML_ERROR_INSUFFICIENT_SIZE
  std::strcpy(version, "570.86.15");
  return 0;
}
OCTET_NVML(nvmlDeviceGetPowerUsage)(void*, unsigned* milliwatts) {
  *milliwatts = 612'500;
  return 0;
}
