#include "frontend/builder/Initializer.h"
#include "frontend/builder/BuildError.h"
#include "frontend/builder/Philox.h"
#include <cmath>

namespace kiln::builder {

/// A parameter's stream: FNV-1a of its name.
static uint32_t streamOf(const std::string &name) {
  uint32_t hash = 0x811C9DC5;
  for (char letter : name)
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x01000193;
  return hash;
}

Initializer Initializer::values(std::vector<float> values) {
  Initializer made(Kind::Values, Scale::Plain, 0);
  made.given = std::move(values);
  return made;
}

/// Gram and Schmidt's vectors of normal numbers, each freed of the ones before it twice: once leaves what rounding left.
static std::vector<float> atRightAngles(const std::vector<float> &normal, int64_t rows, double length) {
  int64_t columns = static_cast<int64_t>(normal.size()) / std::max<int64_t>(rows, 1), vectors = std::min(rows, columns);
  bool across = rows <= columns; // the vectors are rows
  auto size = static_cast<size_t>(std::max(rows, columns));
  auto at = [&](int64_t vector, size_t i) {
    return across ? static_cast<size_t>(vector * columns) + i : i * static_cast<size_t>(columns) + static_cast<size_t>(vector);
  };
  std::vector<double> x(normal.begin(), normal.end());
  auto dot = [&](int64_t a, int64_t b) {
    double sum = 0;
    for (size_t i = 0; i < size; ++i)
      sum += x[at(a, i)] * x[at(b, i)];
    return sum;
  };
  for (int64_t vector = 0; vector < vectors; ++vector) {
    for (int64_t before = 0; before < 2 * vector; ++before) {
      double along = dot(vector, before % vector);
      for (size_t i = 0; i < size; ++i)
        x[at(vector, i)] -= along * x[at(before % vector, i)];
    }
    double norm = std::sqrt(dot(vector, vector));
    for (size_t i = 0; i < size; ++i)
      x[at(vector, i)] /= norm;
  }
  std::vector<float> made(normal.size());
  for (size_t i = 0; i < made.size(); ++i)
    made[i] = static_cast<float>(x[i] * length);
  return made;
}

std::vector<float> Initializer::fill(int64_t count, Fans fans, uint64_t seed, const std::string &name, int64_t rows) const {
  if (kind == Kind::Orthogonal)
    return atRightAngles(normal(1).fill(count, fans, seed, name), rows, number);
  if (kind == Kind::Values) {
    if (static_cast<int64_t>(given.size()) != count)
      throw BuildError{"parameter '" + name + "' has " + std::to_string(count) + " elements, but " + std::to_string(given.size()) +
                       " values were given"};
    return given;
  }
  double deviation = number;
  if (scale != Scale::Plain)
    deviation = std::sqrt((scale == Scale::Lecun ? 1 : 2) / (scale == Scale::Glorot ? fans.in + fans.out : fans.in));
  double bound = scale == Scale::Plain ? number : deviation * std::sqrt(3.0);
  uint32_t stream = streamOf(name);
  std::vector<float> made(static_cast<size_t>(count), static_cast<float>(number));
  if (kind == Kind::Constant)
    return made;
  for (int64_t i = 0; i < count; ++i) {
    PhiloxWords words = wordsAt(seed, stream, static_cast<uint64_t>(i));
    double u = (words[0] >> 8) * 0x1p-24; // [0, 1), as kiln.random
    double radius = std::sqrt(-2 * std::log((words[0] + 1.0) * 0x1p-32)), angle = 2 * M_PI * (words[1] * 0x1p-32);
    made[static_cast<size_t>(i)] =
        static_cast<float>(kind == Kind::Uniform ? (2 * u - 1) * bound : radius * std::cos(angle) * deviation);
  }
  return made;
}

} // namespace kiln::builder
