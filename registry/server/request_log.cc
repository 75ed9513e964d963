#include "registry/server/request_log.h"

#include <grpc/support/log.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/server_interceptor.h"
#include "registry/service/gatekeeper.h"
#include "spdlog/spdlog.h"

namespace plumb {
namespace {

using grpc::experimental::InterceptionHookPoints;
using Clock = std::chrono::steady_clock;

// One call.
class RequestLogger final : public grpc::experimental::Interceptor {
 public:
  explicit RequestLogger(grpc::experimental::ServerRpcInfo* info)
      : method_(info->method()), context_(info->server_context()), begun_(Clock::now()) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      const std::chrono::duration<double> seconds = Clock::now() - begun_;
      spdlog::debug("{} from {}: {} in {:.3f} s", method_, CallerAddress(*context_),
                    absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code())), seconds.count());
    }
    methods->Proceed();
  }

 private:
  const std::string method_;
  const grpc::ServerContextBase* const context_;
  const Clock::time_point begun_;
};

class RequestLoggerFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    return new RequestLogger(info);
  }
};

void LogTransportLine(gpr_log_func_args* line) { spdlog::debug("transport: {}", line->message); }

}  // namespace

void LogRequests(grpc::ServerBuilder* builder) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<RequestLoggerFactory>());
  builder->experimental().SetInterceptorCreators(std::move(factories));
}

void TakeOverTransportLog() { gpr_set_log_function(&LogTransportLine); }

}  // namespace plumb
