//===- SpaceNest.cpp - simple questions to a Nest ---------------------------------------------------------------------===//
#include "compiler/schedule/Space.h"
#include "compiler/schedule/SpaceLoops.h"
#include <algorithm>
#include <cassert>

namespace kiln::schedule {
const Axis *findAxis(const Nest &nest, const std::string &name) {
  for (const Axis &axis : nest.axes)
    if (axis.name == name)
      return &axis;
  return nullptr;
}

const Axis &Nest::axis(const std::string &name) const {
  const Axis *found = findAxis(*this, name);
  assert(found && "a stage names an axis that its nest lacks");
  return *found;
}

const Stage *Nest::first(Kind kind) const {
  for (const Stage &stage : stages)
    if (stage.kind == kind)
      return &stage;
  return nullptr;
}

const Axis *Nest::outerOf(const std::string &name) const {
  for (const Axis &axis : axes)
    if (!axis.inner.empty() && axis.inner == name)
      return &axis;
  return nullptr;
}

int64_t work(const Nest &nest) {
  int64_t total = 0;
  for (const Stage &stage : nest.stages) {
    int64_t visits = stage.elements;
    for (const Dim &dim : stage.dims)
      if (const Axis *axis = findAxis(nest, dim.axis))
        visits *= axis->extent * dim.scale;
    for (const std::string &name : stage.reduce)
      visits *= nest.axis(name).extent;
    total += visits;
  }
  return total;
}

int64_t elements(const Nest &nest, const Operand &operand) {
  int64_t range = 1, visits = 1;
  for (const auto &[name, stride] : operand.stride)
    if (const Axis *axis = findAxis(nest, name)) {
      range += (axis->extent - 1) * std::abs(stride);
      visits *= axis->extent;
    }
  return std::min(range, visits);
}

int64_t stride(const Operand &operand, const std::string &axis) {
  auto found = operand.stride.find(axis);
  return found == operand.stride.end() ? 0 : found->second;
}
} // namespace kiln::schedule
