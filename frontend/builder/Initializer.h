//===- Initializer.h - what a parameter holds before the first step --------------------------------------------===//
//
// Random ones are seeded and counter-based: a parameter's values depend on the seed and its own name, not on the parameters around it.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_INITIALIZER_H
#define KILN_FRONTEND_BUILDER_INITIALIZER_H
#include <cstdint>
#include <string>
#include <vector>

namespace kiln::builder {

/// How many inputs a weight's unit sums, and how many units an input reaches.
struct Fans {
  double in = 1, out = 1;
};

class Initializer {
public:
  static Initializer zeros() { return constant(0); }
  static Initializer ones() { return constant(1); }
  static Initializer constant(double value) { return Initializer(Kind::Constant, Scale::Plain, value); }
  static Initializer values(std::vector<float> values); ///< row-major, one for each element
  static Initializer uniform(double bound) { return Initializer(Kind::Uniform, Scale::Plain, bound); } ///< [-bound, bound)
  static Initializer normal(double deviation) {
    return Initializer(Kind::Normal, Scale::Plain, deviation);
  } ///< mean 0, not truncated
  /// Variance 2 / (in + out), 2 / in, 1 / in.
  static Initializer glorotUniform() { return Initializer(Kind::Uniform, Scale::Glorot, 1); }
  static Initializer glorotNormal() { return Initializer(Kind::Normal, Scale::Glorot, 1); }
  static Initializer heUniform() { return Initializer(Kind::Uniform, Scale::He, 1); }
  static Initializer heNormal() { return Initializer(Kind::Normal, Scale::He, 1); }
  static Initializer lecunUniform() { return Initializer(Kind::Uniform, Scale::Lecun, 1); }
  static Initializer lecunNormal() { return Initializer(Kind::Normal, Scale::Lecun, 1); }

  /// Of the parameter as a matrix of its first dimension and all others: rows (or columns, if they are fewer) at right angles, of length `gain`.
  static Initializer orthogonal(double gain = 1) { return Initializer(Kind::Orthogonal, Scale::Plain, gain); }

  /// The values of a parameter of `count` elements in `rows` rows. A BuildError when values() gave another number of them.
  std::vector<float> fill(int64_t count, Fans fans, uint64_t seed, const std::string &name, int64_t rows = 1) const;

private:
  enum class Kind { Constant, Uniform, Normal, Orthogonal, Values };
  enum class Scale { Plain, Glorot, He, Lecun };
  Initializer(Kind kind, Scale scale, double number) : kind(kind), scale(scale), number(number) {}

  Kind kind;
  Scale scale;
  double number;
  std::vector<float> given;
};

} // namespace kiln::builder

#endif
