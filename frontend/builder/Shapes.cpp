//===- Shapes.cpp - flatten, reshape, add, concat ---------------------------------------------------------------===//
#include "frontend/builder/Layers.h"
#include "frontend/builder/Scope.h"

using namespace mlir;

namespace kiln::builder {

Layer flatten() { return reshape({-1}); }

Layer reshape(std::vector<int64_t> shape) {
  return layer(shape == std::vector<int64_t>{-1} ? "flatten" : "reshape", "", [=](Scope &s, const Inputs &x) {
    Shape wanted = shape;
    int64_t known = 1, row = 1, open = -1;
    for (int64_t size : sizesOf(x[0]).drop_front())
      row *= size;
    for (size_t i = 0; i < wanted.size(); ++i)
      if (wanted[i] == -1 && open < 0)
        open = static_cast<int64_t>(i);
      else if (wanted[i] < 0 || __builtin_mul_overflow(known, wanted[i], &known))
        throw BuildError{"its shape is " + sizesText(shape) + ", expected sizes, one of them -1 at most"};
    if (open >= 0 && (known == 0 || row % known))
      throw BuildError{shapeText(x[0]) + " cannot be reshaped to rows of " + sizesText(shape)};
    if (open >= 0)
      wanted[static_cast<size_t>(open)] = row / known;
    wanted.insert(wanted.begin(), sizesOf(x[0])[0]);
    return s.b.reshape(x[0], wanted);
  });
}

Tensor add(const std::vector<Tensor> &values) {
  return layer("add", "", [](Scope &s, const Inputs &x) {
    Value sum = x.at(0);
    for (size_t i = 1; i < x.size(); ++i)
      sum = s.b.map<AddOp>(sum, x[i]);
    return sum;
  })(values);
}

Tensor concat(const std::vector<Tensor> &values, int64_t axis) {
  return layer("concat", "", [=](Scope &s, const Inputs &x) {
    if (axis < 1 || axis >= rankOf(x.at(0)))
      throw BuildError{"its axis is " + std::to_string(axis) + " for " + shapeText(x[0]) + ", expected one behind the batch"};
    return s.b.concat(x, axis);
  })(values);
}

} // namespace kiln::builder
