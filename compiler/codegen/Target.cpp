#include "compiler/codegen/Target.h"
#include "compiler/lower/Kernel.h"
#include "runtime/core/model.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <optional>

namespace kiln::codegen {
namespace {
constexpr uint64_t v3 = KILN_CPU_SSE41 | KILN_CPU_AVX | KILN_CPU_AVX2 | KILN_CPU_FMA | KILN_CPU_F16C;
constexpr uint64_t v4 = v3 | KILN_CPU_AVX512F | KILN_CPU_AVX512BW | KILN_CPU_AVX512DQ | KILN_CPU_AVX512VL | KILN_CPU_AVX512CD;

/// Better ones later.
const std::vector<Target> &known() {
  static const std::vector<Target> targets = {
      {"x86-64-v3", "x86-64-linux-sse41-avx-f16c-fma-avx2", "x86_64-unknown-linux-gnu", "x86-64-v3", {8, 15}, v3},
      {"x86-64-v4",
       "x86-64-linux-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake",
       "x86_64-unknown-linux-gnu",
       "x86-64-v4",
       {16, 31},
       v4},
      {"aarch64", "arm-64-linux", "aarch64-unknown-linux-gnu", "generic", {4, 31}, 0},
  };
  return targets;
}

/// Of the cards that kernels are made for. PTX for one runs on later ones too; code for one does not run on the other.
const std::vector<int> capabilities = {80, 90};

llvm::Error unknown(llvm::StringRef name) {
  std::string cards;
  for (int capability : capabilities)
    cards += (cards.empty() ? "-cuda-sm_" : " or -cuda-sm_") + std::to_string(capability);
  return llvm::createStringError("unknown target '%s': expected one of %s, with %s behind it for a GPU", name.str().c_str(),
                                 llvm::join(targetNames(), ", ").c_str(), cards.c_str());
}

llvm::Triple::ArchType architecture(const Target &target) { return llvm::Triple(target.triple).getArch(); }
llvm::Triple::ArchType hostArchitecture() { return llvm::Triple(llvm::sys::getProcessTriple()).getArch(); }

/// Whether this processor, and the system on it, have what the class promises beyond its architecture.
bool hostHas(const Target &target, const llvm::StringMap<bool> &features) {
  auto all = [&](std::initializer_list<llvm::StringRef> names) {
    return llvm::all_of(names, [&](llvm::StringRef name) { return features.lookup(name); });
  };
  if (architecture(target) != hostArchitecture())
    return false;
  if (target.instructions & KILN_CPU_AVX512F)
    return all({"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd", "avx2", "fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"});
  if (target.instructions & KILN_CPU_AVX2)
    return all({"sse4.1", "avx", "avx2", "fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"});
  return true;
}
} // namespace

bool Target::isForeign() const { return architecture(*this) != hostArchitecture(); }

std::vector<std::string> targetNames() {
  std::vector<std::string> names = {"host"};
  for (const Target &target : known())
    names.push_back(target.name);
  return names;
}

namespace {
llvm::Expected<Target> findProcessor(llvm::StringRef name) {
  if (name == "host") {
    llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
    for (const Target &target : llvm::reverse(known()))
      if (hostHas(target, features))
        return target;
    return llvm::createStringError("target 'host': this processor has less than the least known target, %s",
                                   known()[0].name.c_str());
  }
  for (const Target &target : known())
    if (target.name == name)
      return target;
  return unknown(name);
}

llvm::Expected<Target> findOne(llvm::StringRef name) {
  if (llvm::StringRef processor = name; processor.consume_back("-opencl")) {
    llvm::Expected<Target> target = findProcessor(processor);
    if (!target)
      return target.takeError();
    target->name += "-opencl";
    target->capabilities = {lower::openCL};
    target->onProcessor = false;
    return target;
  }
  auto [processor, card] = name.split("-cuda-sm_");
  if (card.empty())
    return findProcessor(name);
  auto number = llvm::find_if(capabilities, [&, card = card](int capability) { return card == std::to_string(capability); });
  if (number == capabilities.end())
    return unknown(name);
  llvm::Expected<Target> target = findProcessor(processor);
  if (!target) {
    llvm::consumeError(target.takeError());
    return unknown(name);
  }
  target->name += ("-cuda-sm_" + card).str();
  target->capabilities = {*number};
  target->onProcessor = false;
  return target;
}

/// The name without its card.
llvm::StringRef processorOf(const Target &target) { return llvm::StringRef(target.name).split(',').first.split("-cuda-").first; }
} // namespace

Target Target::processorHalf() const {
  Target half = *this;
  half.name = processorOf(*this).str();
  half.capabilities.clear();
  return half;
}

Target Target::cardHalf() const {
  Target half = *this;
  half.name.clear();
  for (int capability : capabilities)
    half.name += (half.name.empty() ? "" : ",") + processorOf(*this).str() + "-cuda-sm_" + std::to_string(capability);
  half.onProcessor = false;
  return half;
}

llvm::Expected<Target> findTarget(llvm::StringRef names) {
  if (!names.contains(','))
    return findOne(names);
  llvm::SmallVector<llvm::StringRef> parts;
  names.split(parts, ',');
  std::optional<Target> all;
  for (llvm::StringRef part : parts) {
    llvm::Expected<Target> one = findOne(part.trim());
    if (!one)
      return one.takeError();
    if (one->capabilities == std::vector<int>{lower::openCL})
      return unknown(names);
    if (!all) {
      all = std::move(*one);
      continue;
    }
    if (processorOf(*all) != processorOf(*one))
      return llvm::createStringError("target '%s': expected one processor, with cards or without, found %s and %s",
                                     names.str().c_str(), processorOf(*all).str().c_str(), processorOf(*one).str().c_str());
    bool known = one->isDevice() ? llvm::is_contained(all->capabilities, one->capabilities[0]) : all->onProcessor;
    if (known)
      return llvm::createStringError("target '%s': %s is named twice", names.str().c_str(), one->name.c_str());
    all->onProcessor |= one->onProcessor;
    llvm::append_range(all->capabilities, one->capabilities);
  }
  llvm::sort(all->capabilities);
  all->name = all->onProcessor ? all->processorHalf().name + "," + all->cardHalf().name : all->cardHalf().name;
  return *all;
}

} // namespace kiln::codegen
