//===- Decode.cpp - see Decode.h -------------------------------------------------------------------------------===//
#include "frontend/onnx/Decode.h"
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Order.h"
#include "frontend/onnx/ReadGraph.h"
#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

namespace kiln::onnx {

namespace {

/// protobuf writes its complaints to stderr; ours go to the caller alone.
void silenceProtobuf() {
  static const auto before = google::protobuf::SetLogHandler(nullptr);
  (void)before;
}

Model convert(::onnx::ModelProto &proto, const std::string &folder) {
  if (!proto.has_graph())
    throw Fault{"is no ONNX model: it has no graph"};
  Model model;
  model.irVersion = proto.ir_version();
  model.producer = proto.producer_name();
  model.opsets = readOpsets(proto.opset_import());
  if (!model.opsets.count(""))
    throw Fault{"is no ONNX model of today: it does not say which opset it is written for, expected " +
                std::to_string(oldestOpset) + " to " + std::to_string(newestOpset)};
  model.opset = model.opsets[""];
  ExternalFiles files(folder);
  model.graph = readGraph(proto, files);
  checkNames(model.graph);
  return model;
}

/// `parse` fills a message; all that can go wrong from there on becomes an Error that begins with `name`.
template <typename Parse> Result<Model> guarded(const std::string &name, const std::string &folder, Parse parse) {
  try {
    silenceProtobuf();
    ::onnx::ModelProto proto;
    if (!parse(proto))
      throw Fault{"is truncated or no ONNX model: its bytes are not those of a protobuf message"};
    return convert(proto, folder);
  } catch (const Fault &fault) {
    return Error{name + ": " + fault.message};
  } catch (const std::bad_alloc &) {
    return Error{name + ": does not fit into memory"};
  }
}

struct File {
  int descriptor;
  explicit File(const std::string &path) : descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (descriptor >= 0)
      close(descriptor);
  }
};

} // namespace

Result<Model> decodeFile(const std::string &path) {
  File file(path);
  struct stat status;
  if (file.descriptor < 0 || fstat(file.descriptor, &status) != 0)
    return Error{path + ": cannot be opened: " + strerror(errno)};
  if (!S_ISREG(status.st_mode))
    return Error{path + ": is no regular file"};
  if (status.st_size == 0)
    return Error{path + ": is empty, expected an ONNX model"};
  if (status.st_size > INT_MAX)
    return Error{path + ": has " + std::to_string(status.st_size) +
                 " bytes, expected less than 2 GB (larger models keep their weights as external data)"};
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return guarded(path, folder, [&](::onnx::ModelProto &proto) {
    google::protobuf::io::FileInputStream stream(file.descriptor, 1 << 20);
    return proto.ParseFromZeroCopyStream(&stream);
  });
}

Result<Model> decodeBytes(std::string_view bytes, const std::string &folder) {
  if (bytes.empty())
    return Error{"model: is empty, expected an ONNX model"};
  if (bytes.size() > INT_MAX)
    return Error{"model: has " + std::to_string(bytes.size()) + " bytes, expected less than 2 GB"};
  return guarded("model", folder,
                 [&](::onnx::ModelProto &proto) { return proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())); });
}

} // namespace kiln::onnx
