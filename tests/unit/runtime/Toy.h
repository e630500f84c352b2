//===- Toy.h - hand-made models for the runtime's tests -------------------===//
//
// A Toy is a kiln_model whose program is a C++ function: y[2,3] = scale(x[2,3]), with indices i[2] checked against 10. Tests change its
// fields before they create contexts. A TestFolder is a fresh directory that goes away with its files.
//
//===----------------------------------------------------------------------===//
#ifndef KILN_TESTS_UNIT_RUNTIME_TOY_H
#define KILN_TESTS_UNIT_RUNTIME_TOY_H
#include "runtime/core/model.h"
#include <string>
#include <vector>

struct Toy {
  Toy();
  Toy(const Toy &) = delete;
  std::vector<kiln_tensor_info> inputs, outputs;
  kiln_model model = {};
};

/// The tensors of a call, valid for an unchanged Toy.
struct Call {
  float x[6] = {1, 2, 3, 4, 5, 6};
  int32_t i[2] = {0, -10};
  float y[6] = {};
  kiln_tensor inputs[2] = {{x, KILN_F32, 2, {2, 3}}, {i, KILN_I32, 1, {2}}};
  kiln_tensor outputs[1] = {{y, KILN_F32, 2, {2, 3}}};
};

/// A context that ends with its scope.
struct Context {
  explicit Context(const kiln_model &model, kiln_options options = {}) { status = kiln_create(&model, &options, &context); }
  explicit Context(const Toy &toy, kiln_options options = {}) : Context(toy.model, options) {}
  Context(const Context &) = delete;
  ~Context() { kiln_destroy(context); }
  operator kiln_context *() const { return context; }
  std::string message() const { return kiln_message(context); }
  kiln_context *context = nullptr;
  kiln_status status;
};

struct TestFolder {
  TestFolder();
  ~TestFolder();
  std::string file(const std::string &name) const { return path + "/" + name; }
  std::vector<std::string> names() const;
  std::string path;
};

void writeFile(const std::string &path, const std::string &bytes);
std::string readFile(const std::string &path);

#endif
