#include "Artefact.h"
#include "mlir/Parser/Parser.h"
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace kiln::codegen {

Planned::Planned(const std::string &text) : context(mlir::MLIRContext::Threading::DISABLED) {
  context.loadDialect<KilnDialect, mlir::func::FuncDialect>();
  owned = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  EXPECT_TRUE(owned);
}

std::string folder() {
  struct Root {
    std::string path = testing::TempDir() + "kiln-codegen-XXXXXX";
    pid_t owner = getpid(); // tests fork
    Root() { path = mkdtemp(path.data()); }
    ~Root() {
      if (owner == getpid())
        std::filesystem::remove_all(path);
    }
  };
  static Root root;
  static int count = 0;
  std::string path = root.path + "/" + std::to_string(count++);
  std::filesystem::create_directory(path);
  return path;
}

std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void writeFile(const std::string &path, const std::string &bytes) { std::ofstream(path, std::ios::binary) << bytes; }

Compiled::Compiled(const std::string &planned, ProgramOptions given, const std::string &name, uint64_t unknown)
    : target(must(findTarget(name))), options(std::move(given)) {
  target.instructions |= unknown;
  if (options.prefix.empty())
    options.prefix = "tiny";
  Planned plan(planned);
  kernels = must(compileKernels(plan.module(), options.function, target, {}));
  program = must(compileProgram(plan.module(), target, options));
}

LinkInput Compiled::input(const std::string &blob) const {
  LinkInput result{options.prefix, program.object, {}, blob};
  for (const CompiledKernel &kernel : kernels)
    result.kernels.push_back(kernel.made.object);
  result.soname = "lib" + options.prefix + ".so";
  return result;
}

Library::Library(const std::string &path, const std::string &prefix) : handle(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!handle) {
    ADD_FAILURE() << dlerror();
    return;
  }
  auto bind = [&](auto &function, const char *verb) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(handle, (prefix + verb).c_str()));
    EXPECT_NE(function, nullptr) << verb;
  };
  bind(info, "_info");
  bind(create, "_create");
  bind(run, "_run");
  bind(message, "_message");
  bind(destroy, "_destroy");
}

Library::~Library() {
  if (handle)
    dlclose(handle);
}

kiln_tensor tensor(void *data, kiln_dtype dtype, std::vector<int64_t> shape) {
  kiln_tensor result{};
  result.data = data;
  result.dtype = dtype;
  result.rank = static_cast<int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), result.shape);
  return result;
}

} // namespace kiln::codegen
