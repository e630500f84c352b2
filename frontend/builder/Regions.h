//===- Regions.h - parameters as views of a flat region ----------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_REGIONS_H
#define KILN_FRONTEND_BUILDER_REGIONS_H
#include "frontend/builder/Scope.h"
#include "frontend/builder/Training.h"

namespace kiln::builder {

/// Where each stands in a region. With `matricesFirst`, those of two dimensions and more come first.
std::vector<Part> partsOf(const std::vector<Parameter> &parameters, bool matricesFirst);
int64_t sizeOf(const std::vector<Part> &parts);

/// A region and the views that were taken of it: a contiguous slice and a reshape each.
class Region {
public:
  Region(GraphBuilder &b, const std::vector<Part> &parts, mlir::Value whole);
  mlir::Value view(const std::string &name);
  void update(const std::string &name, mlir::Value value) { changed[name] = value; }
  std::vector<mlir::Value> views(); ///< of all parts, in order
  mlir::Value joined(llvm::ArrayRef<mlir::Value> parts); ///< one value for each part -> flat
  mlir::Value updated(); ///< the region with what was updated

private:
  GraphBuilder &b;
  const std::vector<Part> &parts;
  mlir::Value whole;
  std::map<std::string, mlir::Value> known, changed;
};

/// Parameters and statistics as views of two regions.
class RegionStore : public Store {
public:
  RegionStore(Region &parameters, Region &statistics) : parameters(parameters), statistics(statistics) {}
  mlir::Value parameter(const Parameter &parameter) override { return parameters.view(parameter.name); }
  mlir::Value statistic(const Parameter &statistic) override { return statistics.view(statistic.name); }
  void update(const std::string &name, mlir::Value value) override { statistics.update(name, value); }

private:
  Region &parameters, &statistics;
};

} // namespace kiln::builder

#endif
