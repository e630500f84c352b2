//===- Rule.cpp - see Rule.h -----------------------------------------------------------------------------------===//
#include "frontend/onnx/Rule.h"
#include "frontend/onnx/Fault.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace kiln::onnx {

static std::map<std::string, Rule> &registry() {
  static std::map<std::string, Rule> rules;
  return rules;
}

Rules::Rules(std::initializer_list<Rule> rules) {
  for (const Rule &rule : rules)
    registry().emplace(rule.op, rule);
}

const Rule *findRule(const std::string &op) {
  auto found = registry().find(op);
  return found == registry().end() ? nullptr : &found->second;
}

Value Call::in(size_t i) const {
  if (!has(i))
    refuse("its input " + std::to_string(i) + " is missing");
  return inputs[i];
}

Value Call::floats(size_t i) const {
  if (!isFloat(in(i)))
    refuse("its input " + quoted(node.inputs[i]) + " is " + shapeText(in(i)) + ", expected floating point");
  return in(i);
}

Shape Call::integersIn(size_t i, const char *what) const {
  auto numbers = builder.knownIntegers(in(i));
  if (!numbers)
    refuse("its " + std::string(what) + " " + quoted(node.inputs[i]) +
           " depends on data; kiln must know it when it compiles (fixed shapes, see --dim)");
  return *numbers;
}

template <typename T> static T only(const Call &call, size_t i, const char *what, const std::vector<T> &numbers) {
  if (numbers.size() != 1)
    call.refuse("its " + std::string(what) + " " + quoted(call.node.inputs[i]) + " has " + std::to_string(numbers.size()) +
                " values, expected 1");
  return numbers[0];
}

int64_t Call::integerIn(size_t i, const char *what) const { return only(*this, i, what, integersIn(i, what)); }

double Call::numberIn(size_t i, const char *what) const { return only(*this, i, what, numbersIn(i, what)); }

std::vector<double> Call::numbersIn(size_t i, const char *what) const {
  auto value = builder.known(in(i));
  std::vector<double> numbers;
  if (value && isa<IntegerType>(value->getElementType()))
    for (int64_t number : integersOf(*value))
      numbers.push_back(static_cast<double>(number));
  else if (value)
    for (APFloat number : value->getValues<APFloat>()) {
      bool lost;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      numbers.push_back(number.convertToDouble());
    }
  else
    refuse("its " + std::string(what) + " " + quoted(node.inputs[i]) + " depends on data; kiln must know it when it compiles");
  return numbers;
}

const Attribute *Call::attribute(const char *name) {
  read.insert(name);
  return node.attribute(name);
}

void Call::ignore(std::initializer_list<const char *> names) { read.insert(names.begin(), names.end()); }

void Call::requireAllRead() const {
  for (const Attribute &each : node.attributes)
    if (!read.count(each.name))
      refuse("its attribute " + quoted(each.name) + " is none that kiln knows");
}

template <typename T> const T *Call::typed(const char *name, const char *expected) {
  const Attribute *found = attribute(name);
  if (!found)
    return nullptr;
  const T *value = std::get_if<T>(&found->value);
  if (!value)
    refuse("its attribute " + quoted(name) + " is of another kind than expected: " + expected);
  return value;
}

static void require(const Call &call, bool present, const char *name) {
  if (!present)
    call.refuse("its attribute " + quoted(name) + " is missing");
}

int64_t Call::integer(const char *name, std::optional<int64_t> absent) {
  const int64_t *value = typed<int64_t>(name, "an integer");
  require(*this, value || absent, name);
  return value ? *value : *absent;
}

double Call::number(const char *name, std::optional<double> absent) {
  const float *value = typed<float>(name, "a number");
  require(*this, value || absent, name);
  return value ? *value : *absent;
}

std::string Call::text(const char *name, std::optional<std::string> absent) {
  const std::string *value = typed<std::string>(name, "a string");
  require(*this, value || absent, name);
  return value ? *value : *absent;
}

std::optional<Shape> Call::integers(const char *name) {
  const std::vector<int64_t> *value = typed<std::vector<int64_t>>(name, "integers");
  return value ? std::optional<Shape>(*value) : std::nullopt;
}

int64_t Call::axis(int64_t value, int64_t rank) const {
  if (value < -rank || value >= rank)
    refuse("its axis is " + std::to_string(value) + ", expected " + std::to_string(-rank) + " to " + std::to_string(rank - 1) +
           " for rank " + std::to_string(rank));
  return value < 0 ? value + rank : value;
}

Shape Call::axes(Shape values, int64_t rank) const {
  for (int64_t &value : values)
    value = axis(value, rank);
  llvm::sort(values);
  if (std::adjacent_find(values.begin(), values.end()) != values.end())
    refuse("its axes name one dimension twice: " + sizesText(values));
  return values;
}

} // namespace kiln::onnx
