#include "frontend/builder/Regions.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace kiln::builder {

std::vector<Part> partsOf(const std::vector<Parameter> &parameters, bool matricesFirst) {
  std::vector<Part> parts;
  for (const Parameter &each : parameters)
    parts.push_back({each.name, each.shape, 0, each.count()});
  if (matricesFirst)
    std::stable_partition(parts.begin(), parts.end(), [](const Part &part) { return part.shape.size() > 1; });
  int64_t offset = 0;
  for (Part &part : parts) {
    part.offset = offset;
    offset += part.count;
  }
  return parts;
}

int64_t sizeOf(const std::vector<Part> &parts) { return parts.empty() ? 0 : parts.back().offset + parts.back().count; }

Region::Region(GraphBuilder &b, const std::vector<Part> &parts, Value whole) : b(b), parts(parts), whole(whole) {}

Value Region::view(const std::string &name) {
  Value &value = known[name];
  auto part = llvm::find_if(parts, [&](const Part &each) { return each.name == name; });
  if (!value && part == parts.end())
    throw BuildError{"the model asks for parameter '" + name + "' in training alone"};
  if (!value)
    value = b.reshape(b.slice(whole, 0, part->offset, part->count), part->shape);
  return value;
}

std::vector<Value> Region::views() {
  std::vector<Value> all;
  for (const Part &each : parts)
    all.push_back(view(each.name));
  return all;
}

Value Region::joined(ArrayRef<Value> values) {
  SmallVector<Value> flat;
  for (Value each : values)
    flat.push_back(b.reshape(each, {countOf(each)}));
  return b.concat(flat, 0);
}

Value Region::updated() {
  SmallVector<Value> values;
  for (const Part &each : parts)
    values.push_back(changed.count(each.name) ? changed[each.name] : view(each.name));
  return joined(values);
}

} // namespace kiln::builder
