//===- Result.h - a value, or the one message that says why there is none --------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_RESULT_H
#define KILN_FRONTEND_ONNX_RESULT_H
#include <string>
#include <utility>
#include <variant>

namespace kiln::onnx {

struct Error {
  std::string message; ///< names the node or tensor, what was found and what was expected
};

template <typename T> class Result {
public:
  Result(T value) : state(std::move(value)) {}
  Result(Error error) : state(std::move(error)) {}
  explicit operator bool() const { return state.index() == 0; }
  T &operator*() { return std::get<0>(state); }
  T *operator->() { return &std::get<0>(state); }
  const std::string &error() const { return std::get<1>(state).message; }

private:
  std::variant<T, Error> state;
};

} // namespace kiln::onnx

#endif
