// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "engines.h"

#include "error.h"
#ifdef SLU_WITH_OPENVINO
#include "engine_openvino.h"
#endif
#ifdef SLU_WITH_FASTDEPLOY
#include "engine_fastdeploy.h"
#endif

namespace slu {

std::unique_ptr<Engine> open_engine(const Bundle& bundle, const Options& options) {
  Job job{bundle, {}, options.engine(), options.device, options.threads};
  if (options.library == "native") {
#ifdef SLU_WITH_OPENVINO
    job.files = engine_files(bundle, job.engine);
    return open_openvino(job);
#else
    throw EnvironmentLacks(
        "openvino: this program was built without it (a build with FastDeploy is): take "
        "--library fastdeploy, or build it by sh run_build.sh");
#endif
  }
#ifdef SLU_WITH_FASTDEPLOY
  job.files = engine_files(bundle, job.engine);
  return open_fastdeploy(job, options.onednn);
#else
  throw EnvironmentLacks(job.engine +
                         ": this program was built without FastDeploy; build it with -DFASTDEPLOY_INSTALL_DIR=DIR");
#endif
}

}  // namespace slu
