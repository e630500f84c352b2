//===- BuildError.h - what is wrong with a model, in the words of the person who asked for it ---------------------===//
#ifndef KILN_FRONTEND_BUILDER_BUILDERROR_H
#define KILN_FRONTEND_BUILDER_BUILDERROR_H
#include <string>

namespace kiln {

struct BuildError {
  std::string message;
};

} // namespace kiln

#endif
