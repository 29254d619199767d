#include "src/harness/measure/results.h"

#include <cmath>
#include <limits>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {

int64_t Measurement::field(std::string_view name) const {
  for (const auto& [key, value] : problem) {
    if (key == name) return value;
  }
  return 0;
}

std::string Measurement::shape() const {
  std::string text;
  for (const auto& [key, value] : problem) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, value);
  }
  return text;
}

bool better(const Measurement& left, const Measurement& right) {
  if (left.correct() != right.correct()) return left.correct();
  if (left.us != right.us) return left.us < right.us;
  return left.variant < right.variant;
}

Json to_json(const Measurement& row) {
  Json problem = Json::object();
  for (const auto& [key, value] : row.problem) problem[key] = value;
  Json object = {{"schema", kResultsSchema}, {"op", row.op},
                 {"format", row.format},     {"device", row.device},
                 {"arch", row.arch},         {"cu_num", row.cu_num},
                 {"problem", problem},       {"variant", row.variant},
                 {"why", row.why},           {"us", row.us},
                 {"us_min", row.us_min},     {"us_max", row.us_max},
                 {"us_q1", row.us_q1},       {"us_q3", row.us_q3},
                 {"samples", row.samples},   {"stable", row.stable},
                 {"bytes", row.bytes},       {"flops", row.flops},
                 {"gbps", row.gbps()},       {"tflops", row.tflops()},
                 {"floor_us", row.floor_us}, {"policy", row.policy},
                 {"error", row.error}};  // NaN and infinity become null
  if (row.clock_mhz > 0) object["clock_mhz"] = row.clock_mhz;
  if (row.power_w > 0) object["power_w"] = row.power_w;
  if (!row.peers.empty()) object["peers"] = row.peers;
  if (!row.repetitions.empty()) object["repetitions"] = row.repetitions;
  object["commit"] = row.commit;
  object["time"] = row.time;
  object["env"] = row.env;
  return object;
}

namespace {

/// Takes typed fields out of one object; the first thing that is wrong stays in `status`.
class Fields {
 public:
  Fields(const Json& object, const std::string& where) : object_(object), where_(where) {}

  const Status& status() const { return status_; }

  void take(const char* key, std::string& to) {
    if (const Json* value = get(key, &Json::is_string, "a string")) to = *value;
  }
  void take(const char* key, bool& to) {
    if (const Json* value = get(key, &Json::is_boolean, "true or false")) to = *value;
  }
  /// A whole number from 1.
  void take(const char* key, int& to) {
    const Json* value = get(key, &Json::is_number_integer, "a whole number");
    if (value == nullptr) return;
    const int64_t number = value->get<int64_t>();
    if (number < 1 || number > std::numeric_limits<int>::max()) {
      return reject(key, *value, "a positive count");
    }
    to = static_cast<int>(number);
  }
  void take_time(const char* key, double& to) {
    const Json* value = get(key, &Json::is_number, "a number");
    if (value == nullptr) return;
    to = *value;
    if (!(to > 0) || std::isinf(to)) reject(key, *value, "a positive, finite time");
  }
  void take_amount(const char* key, double& to) {
    const Json* value = get(key, &Json::is_number, "a number");
    if (value == nullptr) return;
    to = *value;
    if (!(to >= 0) || std::isinf(to)) reject(key, *value, "a finite number from 0 up");
  }
  /// JSON has no NaN: null stands for an error that is not finite, hence far over its bound.
  void take_error(const char* key, double& to) {
    const auto found = object_.find(key);
    if (found == object_.end() || !found->is_null()) return take_amount(key, to);
    to = std::numeric_limits<double>::infinity();
  }
  void take_problem(std::vector<std::pair<std::string, int64_t>>& to) {
    const Json* problem = get("problem", &Json::is_object, "an object");
    if (problem == nullptr) return;
    if (problem->empty()) return reject("problem", *problem, "an object with fields");
    for (const auto& [key, value] : problem->items()) {
      if (!value.is_number_integer() || value.get<int64_t>() < 0) {
        return reject("problem." + key, value, "a whole number from 0 up");
      }
      to.emplace_back(key, value.get<int64_t>());
    }
  }
  void take_peers(std::map<std::string, double>& to) {
    if (!object_.contains("peers")) return;
    const Json* peers = get("peers", &Json::is_object, "an object");
    if (peers == nullptr) return;
    for (const auto& [name, us] : peers->items()) {
      if (!us.is_number() || !(us.get<double>() > 0)) {
        return reject("peers." + name, us, "a positive time");
      }
      to[name] = us;
    }
  }
  void take_repetitions(std::vector<double>& to) {
    if (!object_.contains("repetitions")) return;
    const Json* times = get("repetitions", &Json::is_array, "an array of times");
    if (times == nullptr) return;
    for (const Json& us : *times) {
      if (!us.is_number() || !(us.get<double>() > 0) || std::isinf(us.get<double>())) {
        return reject("repetitions", us, "a positive, finite time");
      }
      to.push_back(us);
    }
  }

 private:
  const Json* get(const char* key, bool (Json::*is_kind)() const noexcept, const char* kind) {
    const auto found = object_.find(key);
    if (found == object_.end()) {
      if (status_.ok()) status_ = fail(StatusCode::kCorruptData, "{}: no '{}'", where_, key);
      return nullptr;
    }
    if (((*found).*is_kind)()) return &*found;
    reject(key, *found, kind);
    return nullptr;
  }

  void reject(const std::string& key, const Json& value, const char* wanted) {
    if (!status_.ok()) return;
    status_ =
        fail(StatusCode::kCorruptData, "{}: '{}' is {}, not {}", where_, key, value.dump(), wanted);
  }

  const Json& object_;
  const std::string& where_;
  Status status_;
};

Status check_schema(const Json& object, const std::string& where) {
  const auto found = object.find("schema");
  if (found == object.end()) return fail(StatusCode::kCorruptData, "{}: no 'schema'", where);
  if (*found == kResultsSchema) return Status::Ok();
  return fail(StatusCode::kCorruptData, "{}: 'schema' is {}, this program reads {}", where,
              found->dump(), kResultsSchema);
}

Status check_order(const Measurement& row, const std::string& where) {
  constexpr double kSlack = 1 + 1e-9;  // interpolated quartiles may be off by a rounding
  const bool ordered = row.us_min <= row.us_q1 * kSlack && row.us_q1 <= row.us * kSlack &&
                       row.us <= row.us_q3 * kSlack && row.us_q3 <= row.us_max * kSlack;
  if (ordered) return Status::Ok();
  return fail(StatusCode::kCorruptData,
              "{}: times out of order: min {} q1 {} median {} q3 {} max {}", where, row.us_min,
              row.us_q1, row.us, row.us_q3, row.us_max);
}

}  // namespace

Result<Measurement> measurement_from_json(const Json& object, const std::string& where) {
  OCTET_CHECK_OK(check_schema(object, where));
  Measurement row;
  Fields fields(object, where);
  fields.take("op", row.op);
  fields.take("format", row.format);
  fields.take("device", row.device);
  fields.take("arch", row.arch);
  fields.take("cu_num", row.cu_num);
  fields.take_problem(row.problem);
  fields.take("variant", row.variant);
  fields.take("why", row.why);
  fields.take_time("us", row.us);
  fields.take_time("us_min", row.us_min);
  fields.take_time("us_max", row.us_max);
  fields.take_time("us_q1", row.us_q1);
  fields.take_time("us_q3", row.us_q3);
  fields.take("samples", row.samples);
  fields.take("stable", row.stable);
  fields.take_amount("bytes", row.bytes);
  fields.take_amount("flops", row.flops);
  fields.take_amount("floor_us", row.floor_us);
  fields.take("policy", row.policy);
  if (object.contains("clock_mhz")) fields.take("clock_mhz", row.clock_mhz);
  if (object.contains("power_w")) fields.take_amount("power_w", row.power_w);
  fields.take_error("error", row.error);
  fields.take_peers(row.peers);
  fields.take_repetitions(row.repetitions);
  fields.take("commit", row.commit);
  fields.take("time", row.time);
  fields.take("env", row.env);
  OCTET_CHECK_OK(fields.status());
  OCTET_CHECK_OK(check_order(row, where));
  return row;
}

std::string Results::at(size_t row) const {
  return row < lines.size() ? fmt::format("{}:{}", path, lines[row]) : path;
}

std::string results_line(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Results> read_results(const std::string& path) {
  OCTET_TRY(const std::vector<JsonLine> lines, read_json_lines(path));
  if (lines.empty()) {
    return fail(StatusCode::kCorruptData, "{}:1: empty: no environment line", path);
  }
  const std::string first = fmt::format("{}:{}", path, lines[0].line);
  if (lines[0].object.contains("variant")) {
    return fail(StatusCode::kCorruptData,
                "{}: a measurement; the first line must be the environment object", first);
  }
  OCTET_CHECK_OK(check_schema(lines[0].object, first));
  Results results{path, lines[0].object, {}, {}};
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::string where = fmt::format("{}:{}", path, lines[i].line);
    OCTET_TRY(Measurement row, measurement_from_json(lines[i].object, where));
    results.rows.push_back(std::move(row));
    results.lines.push_back(lines[i].line);
  }
  return results;
}

Status write_results(const std::string& path, const Results& results) {
  std::string text = results_line(results.environment);
  for (const Measurement& row : results.rows) text += results_line(to_json(row));
  return write_file(path, text);
}

}  // namespace octet::harness
