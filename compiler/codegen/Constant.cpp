#include "compiler/codegen/Constant.h"
#include "compiler/codegen/Link.h"
#include "compiler/codegen/Program.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kiln::codegen {
namespace {
constexpr const char *initPrefix = "kiln_init";

/// The blob, a mapped file of its final size.
class Blob {
public:
  ~Blob() {
    if (data != MAP_FAILED)
      munmap(data, size);
    if (file >= 0)
      close(file);
  }
  llvm::Error open(const std::string &path, uint64_t bytes) {
    size = bytes;
    file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0 || posix_fallocate(file, 0, static_cast<off_t>(std::max<uint64_t>(1, size))) != 0 ||
        ftruncate(file, static_cast<off_t>(size)) != 0)
      return failure(path);
    if (size)
      data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return size && data == MAP_FAILED ? failure(path) : llvm::Error::success();
  }
  char *at(int64_t offset) const { return static_cast<char *>(data) + offset; }
  uint64_t size = 0;

private:
  static llvm::Error failure(const std::string &path) {
    return llvm::createStringError("cannot write the weights to '%s': %s", path.c_str(), strerror(errno));
  }
  int file = -1;
  void *data = MAP_FAILED;
};

/// What the process that runs @init is given; it answers in words, or with nothing when all went well.
std::string runInit(const std::string &library, std::vector<kiln_tensor> &inputs, std::vector<kiln_tensor> &outputs) {
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return dlerror();
  auto symbol = [&](const char *verb) { return dlsym(handle, (std::string(initPrefix) + verb).c_str()); };
  auto create = reinterpret_cast<kiln_status (*)(const kiln_options *, kiln_context **)>(symbol("_create"));
  auto run = reinterpret_cast<kiln_status (*)(kiln_context *, const kiln_tensor *, kiln_tensor *)>(symbol("_run"));
  auto message = reinterpret_cast<const char *(*)(const kiln_context *)>(symbol("_message"));
  kiln_context *context = nullptr;
  kiln_options options{};
  options.threads = 1; // a result must not depend on their number
  if (create(&options, &context) != KILN_OK)
    return context ? message(context) : "no memory";
  return run(context, inputs.data(), outputs.data()) == KILN_OK ? "" : message(context);
}

llvm::Error runInProcess(const std::string &library, std::vector<kiln_tensor> &inputs, std::vector<kiln_tensor> &outputs) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return llvm::createStringError("no pipe for running constants: %s", strerror(errno));
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      _exit(1);
    std::string why = runInit(library, inputs, outputs);
    ssize_t ignored = write(ends[1], why.data(), std::min<size_t>(why.size(), 1000));
    (void)ignored;
    _exit(why.empty() ? 0 : 1);
  }
  close(ends[1]);
  std::string why(1000, 0);
  ssize_t count = pid > 0 ? read(ends[0], why.data(), why.size()) : 0;
  why.resize(count > 0 ? count : 0);
  close(ends[0]);
  int status = -1;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0)
    return llvm::Error::success();
  if (why.empty())
    why = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "no process could be made";
  return llvm::createStringError("constants could not be computed: %s", why.c_str());
}

kiln_tensor row(const void *data, const Tensor &tensor) {
  kiln_tensor result{};
  result.data = const_cast<void *>(data);
  result.dtype = KILN_U8;
  result.rank = 1;
  result.shape[0] = tensor.bytes();
  return result;
}

/// The least of this machine's kind: what is packed must not depend on which machine packed it.
llvm::Expected<Target> packingTarget(const Target &target) {
  for (const std::string &name : targetNames()) {
    llvm::Expected<Target> candidate = findTarget(name);
    if (!candidate)
      return candidate.takeError();
    if (name != "host" && !candidate->isForeign()) {
      candidate->machine = target.machine;
      return candidate;
    }
  }
  return findTarget("host");
}

class Packing {
public:
  Packing(mlir::ModuleOp planned, const Target &target, const ParameterBytes &bytes, const WorkOptions &options)
      : planned(planned), target(target), bytes(bytes), options(options),
        offsets(planned->getAttrOfType<mlir::DictionaryAttr>("kiln.weight_offsets")) {}
  llvm::Error pack(const std::string &path);

private:
  llvm::Error runInitFunction(unsigned results, const Blob &blob);
  mlir::ModuleOp planned;
  const Target &target;
  const ParameterBytes &bytes;
  const WorkOptions &options;
  mlir::DictionaryAttr offsets;
};

llvm::Error Packing::runInitFunction(unsigned results, const Blob &blob) {
  llvm::Expected<Target> here = packingTarget(target);
  if (!here)
    return here.takeError();
  llvm::Expected<std::vector<CompiledKernel>> kernels = compileKernels(planned, "init", *here, options);
  if (!kernels)
    return kernels.takeError();
  ProgramOptions program{"init", initPrefix, "init", "{}", {}};
  program.isInit = true;
  llvm::Expected<ProgramObject> object = compileProgram(planned, *here, program);
  if (!object)
    return object.takeError();
  LinkInput input{initPrefix, object->object, {}, ""};
  for (const CompiledKernel &kernel : *kernels)
    input.kernels.push_back(kernel.made.object);
  ScratchFolder scratch;
  if (llvm::Error error = scratch.create())
    return error;
  if (llvm::Error error = linkPlugin(*here, input, scratch.path("init.so"), scratch))
    return error;
  std::vector<kiln_tensor> inputs, outputs;
  for (const Tensor &tensor : object->signature.inputs) {
    llvm::Expected<llvm::StringRef> data = bytes(tensor.name);
    if (!data)
      return data.takeError();
    if (static_cast<int64_t>(data->size()) != tensor.bytes())
      return llvm::createStringError("parameter '%s': expected %lld bytes, found %zu", tensor.name.c_str(),
                                     static_cast<long long>(tensor.bytes()), data->size());
    inputs.push_back(row(data->data(), tensor));
  }
  for (unsigned i = 0; i < results; ++i) {
    auto offset = offsets.getAs<mlir::IntegerAttr>("packed" + std::to_string(i));
    if (!offset)
      return llvm::createStringError("no offset for result %u of @init", i);
    outputs.push_back(row(blob.at(offset.getInt()), object->signature.outputs[i]));
  }
  return runInProcess(scratch.path("init.so"), inputs, outputs);
}

llvm::Error Packing::pack(const std::string &path) {
  auto size = planned->getAttrOfType<mlir::IntegerAttr>("kiln.weights_size");
  Blob blob;
  if (llvm::Error error = blob.open(path, size ? size.getInt() : 0))
    return error;
  auto init = planned.lookupSymbol<mlir::func::FuncOp>("init");
  llvm::StringSet<> packed;
  for (unsigned i = 0; init && i < init.getNumResults(); ++i)
    packed.insert("packed" + std::to_string(i));
  for (mlir::NamedAttribute entry : offsets ? offsets.getValue() : llvm::ArrayRef<mlir::NamedAttribute>()) {
    llvm::StringRef name = entry.getName().strref();
    if (packed.contains(name))
      continue;
    llvm::Expected<llvm::StringRef> data = bytes(name);
    if (!data)
      return data.takeError();
    uint64_t offset = mlir::cast<mlir::IntegerAttr>(entry.getValue()).getInt();
    if (offset > blob.size || data->size() > blob.size - offset)
      return llvm::createStringError("parameter '%s' of %zu bytes does not fit its place in the weights", name.str().c_str(),
                                     data->size());
    std::memcpy(blob.at(offset), data->data(), data->size());
  }
  return packed.empty() ? llvm::Error::success() : runInitFunction(init.getNumResults(), blob);
}
} // namespace

llvm::Error packWeights(mlir::ModuleOp planned, const Target &target, const ParameterBytes &bytes, const WorkOptions &options,
                        const std::string &blob) {
  return Packing(planned, target, bytes, options).pack(blob);
}

std::vector<PackedTensor> packedTensors(mlir::ModuleOp planned) {
  std::vector<PackedTensor> tensors;
  auto offsets = planned->getAttrOfType<mlir::DictionaryAttr>("kiln.weight_offsets");
  for (auto parameter : planned.getOps<ParameterOp>())
    if (auto offset = offsets ? offsets.getAs<mlir::IntegerAttr>(parameter.getSymName()) : mlir::IntegerAttr())
      tensors.push_back({storedTensor(parameter.getSymName(), parameter.getType()), offset.getInt()});
  return tensors;
}

} // namespace kiln::codegen
