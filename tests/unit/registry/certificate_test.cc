// Certificates that change, and addresses that are taken.
#include "registry/server/certificate.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "registry/server/address_claim.h"
#include "registry/server/server.h"
#include "tests/unit/registry/testing.h"

namespace plumb {
namespace {

using testing_support::Overwrite;
using testing_support::TemporaryFolder;

class CertificateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Make("a");
    Make("b");
    Install("a");
  }
  // A pair of its own under that name.
  void Make(const std::string& name) {
    std::string make = "cd " + folder_.path() +
                       " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
                       " -subj /CN=" +
                       name + " -keyout " + name + ".key -out " + name + ".crt >/dev/null 2>&1";
    if (std::system(make.c_str()) != 0) GTEST_SKIP() << "the openssl command is not here";
  }
  void Copy(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(folder_.Join(from), folder_.Join(to), std::filesystem::copy_options::overwrite_existing);
  }
  void Install(const std::string& name) {
    Copy(name + ".crt", "cert.pem");
    Copy(name + ".key", "key.pem");
  }
  absl::StatusOr<std::shared_ptr<Certificate>> Open() {
    return Certificate::New(folder_.Join("cert.pem"), folder_.Join("key.pem"));
  }
  std::string Pem(const std::string& name) { return *ReadFile(folder_.Join(name), 1 << 20); }

  TemporaryFolder folder_;
};

TEST_F(CertificateTest, IsGivenOnceUntilItChanges) {
  auto certificate = Open();
  ASSERT_OK(certificate) << certificate.status();
  EXPECT_EQ((*certificate)->TakeChange()->chain_pem, Pem("a.crt"));
  EXPECT_FALSE((*certificate)->TakeChange().has_value());
  Install("b");
  EXPECT_OK((*certificate)->Reload());
  EXPECT_EQ((*certificate)->TakeChange()->chain_pem, Pem("b.crt"));
  EXPECT_OK((*certificate)->Reload());
  EXPECT_FALSE((*certificate)->TakeChange().has_value());
}

TEST_F(CertificateTest, AHalfWrittenPairIsNotTaken) {
  auto certificate = Open();
  ASSERT_OK(certificate);
  (*certificate)->TakeChange();
  Copy("b.crt", "cert.pem");
  EXPECT_EQ(ErrorClassOf((*certificate)->Reload()), ErrorClass::kUsage);
  EXPECT_FALSE((*certificate)->TakeChange().has_value());
  Copy("b.key", "key.pem");
  EXPECT_OK((*certificate)->Reload());
  EXPECT_EQ((*certificate)->TakeChange()->chain_pem, Pem("b.crt"));
}

TEST_F(CertificateTest, AChangedFileIsSeenWithoutBeingTold) {
  auto certificate = Open();
  ASSERT_OK(certificate);
  (*certificate)->TakeChange();
  Install("b");
  std::optional<CertificatePair> changed;
  for (int i = 0; i < 600 && !changed.has_value(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    changed = (*certificate)->TakeChange();
  }
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(changed->chain_pem, Pem("b.crt"));
}

// A socket that listens on a port of its own.
class Neighbour {
 public:
  Neighbour() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_.get(), 1);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  int port() const { return port_; }

 private:
  UniqueFd fd_;
  int port_ = 0;
};

TEST(AddressClaimTest, ATakenAddressIsUnavailableAndNothingIsMade) {
  TemporaryFolder folder;
  Neighbour neighbour;
  ServerOptions options;
  options.data_dir = folder.Join("data");
  options.listen = "127.0.0.1:" + std::to_string(neighbour.port());
  EXPECT_TRUE(absl::IsUnavailable(Server::New(options).status()));
  EXPECT_FALSE(std::filesystem::exists(options.data_dir));
}

TEST(AddressClaimTest, WhoHoldsAnAddressCanListenThere) {
  int port = 0;
  { port = Neighbour().port(); }
  Endpoint endpoint{.host = "127.0.0.1", .port = port};
  auto claim = AddressClaim::Take(endpoint);
  ASSERT_OK(claim) << claim.status();
  TemporaryFolder folder;
  ServerOptions options;
  options.data_dir = folder.Join("data");
  options.listen = RenderEndpoint(endpoint);
  auto server = Server::New(options);
  EXPECT_OK(server) << server.status();
}

TEST(AddressClaimTest, OtherMachinesAddressesAndUnknownNamesAreRefused) {
  EXPECT_TRUE(absl::IsUnavailable(AddressClaim::Take({.host = "192.0.2.1", .port = 7070}).status()));
  EXPECT_EQ(ErrorClassOf(AddressClaim::Take({.host = "name.invalid", .port = 7070}).status()), ErrorClass::kUsage);
}

}  // namespace
}  // namespace plumb
