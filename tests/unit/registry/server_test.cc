// Starting and stopping, health, reflection, flags, addresses, certificates.
#include "registry/server/server.h"

#include <sys/stat.h>

#include "grpcpp/generic/generic_stub.h"
#include "registry/access/secret.h"
#include "registry/server/endpoint.h"
#include "registry/server/flags.h"
#include "registry/service/status.h"
#include "tests/unit/registry/server_fixture.h"

namespace plumb {
namespace {

using testing_support::Overwrite;
using testing_support::TemporaryFolder;

class ServerTest : public testing_support::ServerFixture {
 protected:
  // Calls a method by its name with a serialized request, as a client without our stubs does.
  grpc::Status CallByName(const std::string& method, const std::string& request, std::string* response) {
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::GenericStub stub(channel_);
    grpc::Slice slice(request);
    grpc::ByteBuffer buffer(&slice, 1);
    auto call = stub.PrepareUnaryCall(&context, method, buffer, &queue);
    call->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    call->Finish(&answer, &status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    std::vector<grpc::Slice> slices;
    if (status.ok() && answer.Dump(&slices).ok()) {
      for (const grpc::Slice& part : slices) response->append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
    return status;
  }
};

TEST_F(ServerTest, AdminTokenIsForItsOwnerOnlyAndStays) {
  struct stat info {};
  ASSERT_EQ(::stat(server_->admin_token_file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_TRUE(LooksLikeSecret(admin_));
  std::string before = admin_;
  Start();
  EXPECT_EQ(admin_, before);
  v1::Stats stats;
  EXPECT_OK(administration_->GetStats(AsAdmin().get(), {}, &stats));
}

TEST_F(ServerTest, SecondServerOnTheFolderIsRefused) {
  auto second = Server::New(options_);
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();
  EXPECT_EQ(ErrorClassOf(second.status()), ErrorClass::kLocalStorage);
}

TEST_F(ServerTest, TakenAddressIsUnavailable) {
  ServerOptions options = options_;
  options.data_dir = folder_.Join("other");
  options.listen = server_->address();
  EXPECT_TRUE(absl::IsUnavailable(Server::New(options).status()));
}

TEST_F(ServerTest, HealthSaysServing) {
  std::string response;
  grpc::Status status = CallByName("/grpc.health.v1.Health/Check", "", &response);
  ASSERT_OK(status) << status.error_message();
  EXPECT_EQ(response, std::string("\x08\x01", 2));  // status: SERVING
}

TEST_F(ServerTest, ReflectionListsTheServices) {
  // ServerReflectionRequest{list_services: ""}
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel_);
  auto call = stub.PrepareCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  auto wait = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(this);
  ASSERT_TRUE(wait());
  grpc::Slice slice(std::string("\x3a\x00", 2));
  call->Write(grpc::ByteBuffer(&slice, 1), this);
  ASSERT_TRUE(wait());
  grpc::ByteBuffer answer;
  call->Read(&answer, this);
  ASSERT_TRUE(wait());
  std::vector<grpc::Slice> slices;
  ASSERT_OK(answer.Dump(&slices));
  std::string text;
  for (const grpc::Slice& part : slices) text.append(reinterpret_cast<const char*>(part.begin()), part.size());
  for (const char* service : {"plumb.v1.CatalogueService", "plumb.v1.PublishingService", "plumb.v1.ContentService",
                              "plumb.v1.AdminService", "grpc.health.v1.Health"}) {
    EXPECT_NE(text.find(service), std::string::npos) << service;
  }
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, this);
  wait();
}

TEST_F(ServerTest, ShutdownTwiceIsFine) {
  server_->Shutdown();
  server_->Shutdown();
  v1::Capabilities capabilities;
  EXPECT_EQ(catalogue_->GetCapabilities(As("").get(), {}, &capabilities).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(EndpointTest, ParseIsTheInverseOfRender) {
  for (std::string text : {"127.0.0.1:7070", "localhost:0", "[::1]:65535", "[::]:1"}) {
    auto endpoint = ParseEndpoint(text);
    ASSERT_OK(endpoint) << text;
    EXPECT_EQ(RenderEndpoint(*endpoint), text);
  }
}

TEST(EndpointTest, OtherAddressesAreUsageErrors) {
  for (std::string text : {"", "host", ":80", "host:", "host:x", "host:65536", "host:-1", "::1:80", "host:80x"}) {
    EXPECT_EQ(ErrorClassOf(ParseEndpoint(text).status()), ErrorClass::kUsage) << text;
  }
}

TEST(CredentialsTest, BadFilesAreUsageErrors) {
  TemporaryFolder folder;
  ServerOptions options;
  EXPECT_EQ(*OpenCertificate(options), nullptr);
  options.tls_cert_file = folder.Join("cert.pem");
  EXPECT_EQ(ErrorClassOf(OpenCertificate(options).status()), ErrorClass::kUsage);
  options.tls_key_file = folder.Join("key.pem");
  EXPECT_EQ(ErrorClassOf(OpenCertificate(options).status()), ErrorClass::kUsage);
  Overwrite(options.tls_cert_file, "not PEM");
  Overwrite(options.tls_key_file, "not PEM");
  EXPECT_EQ(ErrorClassOf(OpenCertificate(options).status()), ErrorClass::kUsage);
}

TEST(CredentialsTest, ServesTlsAndRefusesAForeignKey) {
  TemporaryFolder folder;
  std::string make = "cd " + folder.path() +
                     " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
                     " -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem"
                     " >/dev/null 2>&1 && openssl ecparam -name prime256v1 -genkey -noout -out other.pem 2>/dev/null";
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "the openssl command is not here";
  ServerOptions options;
  options.data_dir = folder.Join("data");
  options.listen = "localhost:0";
  options.tls_cert_file = folder.Join("cert.pem");
  options.tls_key_file = folder.Join("other.pem");
  EXPECT_EQ(ErrorClassOf(Server::New(options).status()), ErrorClass::kUsage);
  options.tls_key_file = folder.Join("key.pem");
  auto server = Server::New(options);
  ASSERT_OK(server) << server.status();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = *ReadFile(options.tls_cert_file, 1 << 20);
  auto stub = v1::CatalogueService::NewStub(grpc::CreateChannel((*server)->address(), grpc::SslCredentials(tls)));
  grpc::ClientContext context;
  v1::Capabilities capabilities;
  grpc::Status status = stub->GetCapabilities(&context, {}, &capabilities);
  EXPECT_OK(status) << status.error_message();
}

TEST(FlagsTest, DefaultsAndFlags) {
  auto flags = ParseFlags({"--data", "/d"});
  ASSERT_OK(flags) << flags.status();
  EXPECT_EQ(flags->options.data_dir, "/d");
  EXPECT_EQ(flags->options.listen, "127.0.0.1:7070");
  EXPECT_TRUE(flags->options.anonymous_read);
  flags =
      ParseFlags({"--data", "/d", "--no-anonymous-read", "--listen", "h:1", "--max-memory", "128", "--reserve", "7"});
  ASSERT_OK(flags) << flags.status();
  EXPECT_FALSE(flags->options.anonymous_read);
  EXPECT_EQ(flags->options.message_memory_bytes, 128u << 20);
  EXPECT_EQ(flags->options.reserve_bytes, 7u << 20);
}

TEST(FlagsTest, FileIsReadAndFlagsWin) {
  TemporaryFolder folder;
  Overwrite(folder.Join("c.toml"), "data = \"/from/file\"\nlisten = \"h:9\"\nno-anonymous-read = true\n");
  auto flags = ParseFlags({"--config", folder.Join("c.toml"), "--listen", "h:1"});
  ASSERT_OK(flags) << flags.status();
  EXPECT_EQ(flags->options.data_dir, "/from/file");
  EXPECT_EQ(flags->options.listen, "h:1");
  EXPECT_FALSE(flags->options.anonymous_read);
}

TEST(FlagsTest, WrongUseIsAUsageError) {
  const std::vector<std::vector<std::string>> calls = {{},
                                                       {"--data"},
                                                       {"--data", "/d", "--nope"},
                                                       {"--data", "/d", "extra"},
                                                       {"--data", "/d", "--max-memory", "x"},
                                                       {"--data", "/d", "--max-memory", "63"},
                                                       {"--config", "/no/such/file", "--data", "/d"},
                                                       {"--data", "/d", "--log-level", "loud"}};
  for (const auto& call : calls) {
    EXPECT_EQ(ErrorClassOf(ParseFlags(call).status()), ErrorClass::kUsage) << ::testing::PrintToString(call);
  }
}

TEST(FlagsTest, HelpHasExamplesAndVersionItsNumber) {
  EXPECT_NE(ParseFlags({"--help"})->text.find("Examples:"), std::string::npos);
  EXPECT_TRUE(ParseFlags({"--version"})->text.starts_with("plumbd "));
}

TEST(StatusTest, CodesMapOneToOneAndLongMessagesAreCut) {
  for (int code = 0; code <= 16; ++code) {
    absl::Status status(static_cast<absl::StatusCode>(code), "m");
    EXPECT_EQ(static_cast<int>(ToGrpcStatus(status).error_code()), code);
    EXPECT_EQ(ToItemStatus(status).code(), code);
  }
  std::string text(2047, 'a');
  EXPECT_EQ(ToGrpcStatus(absl::InternalError(text + "é")).error_message(), text);
  EXPECT_EQ(ToGrpcStatus(absl::InternalError(text + "b")).error_message(), text + "b");
  EXPECT_EQ(ToGrpcStatus(absl::InternalError("\xff!")).error_message(), "?!");
}

TEST(StatusTest, RetryDelayTravelsAndInternalPayloadsDoNot) {
  absl::Status status = WithErrorClass(absl::UnavailableError("x"), ErrorClass::kLocalStorage);
  EXPECT_EQ(ToGrpcStatus(status).error_details(), "");
  v1::StatusDetails details;
  ASSERT_TRUE(
      details.ParseFromString(ToGrpcStatus(WithRetryDelay(status, std::chrono::milliseconds(1500))).error_details()));
  ASSERT_EQ(details.details_size(), 1);
  v1::RetryInfo info;
  ASSERT_TRUE(info.ParseFromString(details.details(0).value()));
  EXPECT_EQ(info.retry_delay().seconds(), 1);
  EXPECT_EQ(info.retry_delay().nanos(), 500'000'000);
}

}  // namespace
}  // namespace plumb
