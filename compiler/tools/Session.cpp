#include "compiler/tools/Session.h"
extern "C" {
#include "runtime/main/session.h"
}

namespace kiln::tools {
int runSession(const kiln_model &model, std::vector<const char *> inputs, std::vector<const char *> outputs, int32_t threads) {
  kiln_request request = {};
  request.model = &model;
  request.inputs = inputs.data();
  request.outputs = outputs.data();
  request.threads = threads;
  kiln_session session;
  int code = kiln_session_open(&session, &request);
  if (!code)
    code = kiln_session_run(&session);
  kiln_session_close(&session);
  return code;
}
} // namespace kiln::tools
