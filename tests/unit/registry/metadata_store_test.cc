// One suite that every metadata engine must pass.
#include "registry/storage/metadata_store.h"

#include <map>
#include <random>
#include <thread>

#include "registry/storage/memory_metadata_store.h"
#include "registry/storage/rocksdb_metadata_store.h"
#include "tests/unit/registry/testing.h"

namespace plumb {
namespace {

using testing_support::TemporaryFolder;

class MemoryEngine {
 public:
  MetadataStore& store() { return store_; }
  void Reopen() {}
  static constexpr bool kDurable = false;

 private:
  MemoryMetadataStore store_;
};

class RocksDbEngine {
 public:
  RocksDbEngine() { Reopen(); }
  MetadataStore& store() { return *store_; }
  void Reopen() {
    store_.reset();
    auto opened = RocksDbMetadataStore::New(folder_.Join("db"));
    if (!opened.ok()) std::abort();
    store_ = *std::move(opened);
  }
  static constexpr bool kDurable = true;

 private:
  TemporaryFolder folder_;
  std::unique_ptr<RocksDbMetadataStore> store_;
};

template <typename Engine>
class MetadataStoreTest : public ::testing::Test {
 protected:
  MetadataStore& store() { return engine_.store(); }
  absl::Status Put(std::string key, std::string value) {
    Transaction transaction;
    transaction.Put(std::move(key), std::move(value));
    return store().Commit(transaction);
  }
  std::vector<std::string> Keys(std::string_view prefix, std::string_view after = "", size_t limit = 1000) {
    std::vector<std::string> keys;
    EXPECT_OK(store().Scan(prefix, after, [&](std::string_view key, std::string_view) {
      keys.emplace_back(key);
      return keys.size() < limit;
    }));
    return keys;
  }
  Engine engine_;
};

using Engines = ::testing::Types<MemoryEngine, RocksDbEngine>;
TYPED_TEST_SUITE(MetadataStoreTest, Engines);

using Names = std::vector<std::string>;

TYPED_TEST(MetadataStoreTest, AbsentKeyIsNotFound) { EXPECT_TRUE(absl::IsNotFound(this->store().Get("a").status())); }

TYPED_TEST(MetadataStoreTest, WhatWasPutIsFound) {
  ASSERT_OK(this->Put("a", "1"));
  EXPECT_EQ(*this->store().Get("a"), "1");
}

TYPED_TEST(MetadataStoreTest, KeysAndValuesMayHoldAnyByte) {
  std::string key("k\0\xff", 3);
  std::string value("\0\0v", 3);
  ASSERT_OK(this->Put(key, value));
  EXPECT_EQ(*this->store().Get(key), value);
}

TYPED_TEST(MetadataStoreTest, EmptyValueIsNotAbsent) {
  ASSERT_OK(this->Put("a", ""));
  EXPECT_EQ(*this->store().Get("a"), "");
}

TYPED_TEST(MetadataStoreTest, DeletedKeyIsGoneAndDeletingAgainIsFine) {
  ASSERT_OK(this->Put("a", "1"));
  Transaction transaction;
  transaction.Delete("a");
  ASSERT_OK(this->store().Commit(transaction));
  EXPECT_TRUE(absl::IsNotFound(this->store().Get("a").status()));
  EXPECT_OK(this->store().Commit(transaction));
}

TYPED_TEST(MetadataStoreTest, ScanIsOrderedBytewiseAndKeepsToItsPrefix) {
  for (std::string key : {"b/2", "a/1", "b/", "b/10", "b\xff", "c"}) ASSERT_OK(this->Put(key, key));
  EXPECT_EQ(this->Keys("b/"), (Names{"b/", "b/10", "b/2"}));
}

TYPED_TEST(MetadataStoreTest, ScanStartsAfterAKeyThatMayBeAbsent) {
  for (std::string key : {"b/1", "b/2", "b/3"}) ASSERT_OK(this->Put(key, key));
  EXPECT_EQ(this->Keys("b/", "b/1"), (Names{"b/2", "b/3"}));
  EXPECT_EQ(this->Keys("b/", "b/15"), (Names{"b/2", "b/3"}));
  EXPECT_EQ(this->Keys("b/", "a"), (Names{"b/1", "b/2", "b/3"}));
  EXPECT_EQ(this->Keys("b/", "b/3"), Names{});
  EXPECT_EQ(this->Keys("b/", "c"), Names{});
}

TYPED_TEST(MetadataStoreTest, ScanEndsWhenTheVisitorSaysSo) {
  for (std::string key : {"b/1", "b/2", "b/3"}) ASSERT_OK(this->Put(key, key));
  EXPECT_EQ(this->Keys("b/", "", 2), (Names{"b/1", "b/2"}));
}

TYPED_TEST(MetadataStoreTest, VisitorMayReadTheStore) {
  ASSERT_OK(this->Put("a/1", "x"));
  EXPECT_OK(this->store().Scan("a/", "", [&](std::string_view key, std::string_view) {
    EXPECT_EQ(*this->store().Get(key), "x");
    return true;
  }));
}

TYPED_TEST(MetadataStoreTest, FailedConditionChangesNothing) {
  ASSERT_OK(this->Put("a", "1"));
  Transaction absent;
  absent.RequireAbsent("a");
  absent.Put("b", "2");
  EXPECT_TRUE(absl::IsAborted(this->store().Commit(absent)));
  Transaction value;
  value.RequireValue("a", "2");
  value.Delete("a");
  EXPECT_TRUE(absl::IsAborted(this->store().Commit(value)));
  Transaction missing;
  missing.RequireValue("z", "");
  missing.Put("b", "2");
  EXPECT_TRUE(absl::IsAborted(this->store().Commit(missing)));
  EXPECT_EQ(this->Keys(""), (Names{"a"}));
}

TYPED_TEST(MetadataStoreTest, AllConditionsMustHold) {
  ASSERT_OK(this->Put("a", "1"));
  Transaction transaction;
  transaction.RequireValue("a", "1");
  transaction.RequireAbsent("b");
  transaction.Put("b", "2");
  ASSERT_OK(this->store().Commit(transaction));
  EXPECT_TRUE(absl::IsAborted(this->store().Commit(transaction)));
}

TYPED_TEST(MetadataStoreTest, ConcurrentIncrementsLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  ASSERT_OK(this->Put("n", "0"));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < kEach;) {
        std::string old = *this->store().Get("n");
        Transaction transaction;
        transaction.RequireValue("n", old);
        transaction.Put("n", std::to_string(std::stoi(old) + 1));
        if (this->store().Commit(transaction).ok()) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*this->store().Get("n"), std::to_string(kThreads * kEach));
}

TYPED_TEST(MetadataStoreTest, RandomTransactionsAgreeWithAMap) {
  unsigned seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  std::map<std::string, std::string> model;
  for (int step = 0; step < 300; ++step) {
    Transaction transaction;
    std::map<std::string, std::string> next = model;
    std::string conditioned = "k" + std::to_string(random() % 20);
    bool wanted_absent = random() % 2 == 0;
    bool holds = wanted_absent == !model.contains(conditioned);
    if (wanted_absent) {
      transaction.RequireAbsent(conditioned);
    } else {
      transaction.RequireValue(conditioned, model.contains(conditioned) ? model[conditioned] : "none");
    }
    int first = static_cast<int>(random() % 20);
    for (int i = 0; i < 3; ++i) {
      std::string key = "k" + std::to_string((first + i) % 20);
      if (random() % 3 == 0) {
        transaction.Delete(key);
        next.erase(key);
      } else {
        transaction.Put(key, std::to_string(step));
        next[key] = std::to_string(step);
      }
    }
    EXPECT_EQ(this->store().Commit(transaction).ok(), holds);
    if (holds) model = next;
    if (step % 100 == 99) this->engine_.Reopen();
    std::map<std::string, std::string> found;
    EXPECT_OK(this->store().Scan("", "", [&](std::string_view key, std::string_view value) {
      found.emplace(key, value);
      return true;
    }));
    ASSERT_EQ(found, model) << "step " << step;
  }
}

TYPED_TEST(MetadataStoreTest, DurableEngineKeepsWhatWasCommitted) {
  if (!TypeParam::kDurable) GTEST_SKIP() << "this engine is not durable";
  ASSERT_OK(this->Put("a", std::string(300'000, 'x')));
  this->engine_.Reopen();
  EXPECT_EQ(this->store().Get("a")->size(), 300'000u);
}

TEST(RocksDbMetadataStoreTest, FolderThatCannotBeIsALocalStorageError) {
  TemporaryFolder folder;
  testing_support::Overwrite(folder.Join("file"), "x");
  auto store = RocksDbMetadataStore::New(folder.Join("file") + "/db");
  EXPECT_FALSE(store.ok());
}

TEST(RocksDbMetadataStoreTest, SecondOpenOfTheSameFolderFails) {
  TemporaryFolder folder;
  auto first = RocksDbMetadataStore::New(folder.Join("db"));
  ASSERT_OK(first);
  auto second = RocksDbMetadataStore::New(folder.Join("db"));
  EXPECT_EQ(ErrorClassOf(second.status()), ErrorClass::kLocalStorage);
}

}  // namespace
}  // namespace plumb
