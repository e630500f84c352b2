/* The program around a compiled model: npy files in, npy files out. Exits with 0, with 1 when something failed, with 2 when it was
 * called wrongly. */
#include "runtime/main/session.h"

int main(int count, char **arguments) {
  kiln_request request;
  int code = 0;
  if (kiln_request_parse(&request, &kiln_the_model, count, arguments, &code)) {
    kiln_session session;
    code = kiln_session_open(&session, &request);
    if (!code && request.output_count)
      code = kiln_session_run(&session);
    if (!code && request.bench)
      code = kiln_session_bench(&session);
    kiln_session_close(&session);
  }
  kiln_request_free(&request);
  return code;
}
