// Means and order statistics of samples.
#pragma once

#include <span>

namespace octet::harness {

/// Of one value or more.
double mean(std::span<const double> values);

/// Linear interpolation between the order statistics; `sorted` is not empty, 0 <= q <= 1.
double quantile(std::span<const double> sorted, double q);

/// The middle one, or the mean of the two; 0 without any.
double median(std::span<const double> values);

}  // namespace octet::harness
