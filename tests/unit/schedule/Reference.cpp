//===- Reference.cpp - naive loops in double --------------------------------------------------------------------------===//
#include "Kernels.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace kiln::schedule::test {
namespace {
/// Counters of all loops by name; reads point at them.
class Loops {
public:
  explicit Loops(const Kernel &kernel) : kernel(kernel) {
    for (const Axis &axis : kernel.axes)
      counters[axis.name] = 0;
    for (const Read &read : kernel.heavy)
      heavy.push_back(resolve(read));
    for (const Read &read : kernel.added)
      added.push_back(resolve(read));
    row = resolve(alongRow(kernel, kernel.heavy[0]));
  }

  std::vector<double> all() {
    std::vector<double> values;
    each({kernel.dims.rbegin(), kernel.dims.rend()}, [&] { values.push_back(one()); });
    return values;
  }

private:
  struct Cell {
    const float *data;
    std::vector<std::pair<const int64_t *, int64_t>> terms;
    double value() const {
      int64_t offset = 0;
      for (auto [counter, stride] : terms)
        offset += *counter * stride;
      return data[offset];
    }
  };
  const Kernel &kernel;
  std::map<std::string, int64_t> counters;
  std::vector<Cell> heavy, added;
  Cell row;

  Cell resolve(const Read &read) {
    Cell cell{operandsOf(kernel).at(read.operand).data() + read.offset, {}};
    for (const auto &[axis, stride] : read.stride)
      cell.terms.emplace_back(&counters.at(axis), stride);
    return cell;
  }

  /// Outermost first.
  template <class Body> void each(const std::vector<std::string> &axes, const Body &body, size_t from = 0) {
    if (from == axes.size())
      return body();
    int64_t &counter = counters.at(axes[from]);
    for (counter = 0; counter < kernel.extent(axes[from]); ++counter)
      each(axes, body, from + 1);
    counter = 0;
  }

  double steps() const {
    double count = 1;
    for (const std::string &name : kernel.reduce)
      count *= double(kernel.extent(name));
    return count;
  }

  double folded() {
    double sum = kernel.fold == Fold::Max ? -std::numeric_limits<double>::infinity() : 0, squares = 0;
    each(kernel.reduce, [&] {
      double value = heavy[0].value() * (heavy.size() > 1 ? heavy[1].value() : 1);
      sum = kernel.fold == Fold::Max ? std::max(sum, value) : sum + value;
      squares += value * value;
    });
    double mean = sum / steps();
    bool variance = kernel.fold == Fold::Moments || kernel.fold == Fold::TwoSums;
    return variance ? squares / steps() - mean * mean : sum;
  }

  double pooled() {
    double most = -std::numeric_limits<double>::infinity();
    std::map<std::string, int64_t> here = counters;
    for (int corner = 0; corner < 4; ++corner) {
      for (size_t p = 0; p < kernel.pooled.size(); ++p)
        counters[kernel.pooled[p]] = here[kernel.pooled[p]] * 2 + (corner >> p & 1);
      most = std::max(most, folded());
    }
    for (const std::string &axis : kernel.pooled)
      counters[axis] = here[axis];
    return most;
  }

  double rowValue() {
    double here = heavy[0].value(), sum = 0, most = -1e30, rest = 0;
    each(kernel.reduce, [&] { most = std::max(most, row.value()), sum += row.value(); });
    double mean = sum / steps();
    bool softmax = kernel.shape == Shape::Softmax;
    each(kernel.reduce, [&] { rest += softmax ? std::exp(row.value() - most) : (row.value() - mean) * (row.value() - mean); });
    return softmax ? std::exp(here - most) / rest : (here - mean) / std::sqrt(rest / steps() + 1e-5);
  }

  double one() {
    if (kernel.shape == Shape::Softmax || kernel.shape == Shape::Normalise)
      return rowValue();
    if (kernel.shape == Shape::Mean)
      return folded() / steps();
    bool map = kernel.shape == Shape::Map || kernel.shape == Shape::Transpose;
    double value = map ? heavy[0].value() : kernel.pooled.empty() ? folded() : pooled();
    for (const Cell &cell : added)
      value += cell.value();
    if (map)
      return value * 2;
    return kernel.relu ? std::max(value, 0.) : value;
  }
};
} // namespace

const std::vector<double> &references(const Kernel &kernel) {
  static std::map<std::string, std::vector<double>> known;
  auto [entry, fresh] = known.try_emplace(kernel.name);
  if (fresh)
    entry->second = Loops(kernel).all();
  return entry->second;
}
} // namespace kiln::schedule::test
