// The class EmbeddingCache of src/native/binding.ts.
#include <limits>
#include <memory>

#include "binding/arguments.h"
#include "binding/classes.h"
#include "binding/errors.h"
#include "binding/memory_report.h"
#include "core/embedding_cache.h"
#include "core/vector_index.h"

namespace cosimo::binding {
namespace {

class EmbeddingCacheBinding : public Napi::ObjectWrap<EmbeddingCacheBinding> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Self = EmbeddingCacheBinding;
    return DefineClass(env, "EmbeddingCache",
                       {
                           InstanceAccessor<&Self::dimensions>("dimensions"),
                           InstanceAccessor<&Self::capacity_bytes>("capacityBytes"),
                           InstanceAccessor<&Self::memory_bytes>("memoryBytes"),
                           InstanceAccessor<&Self::size>("size"),
                           InstanceMethod<&Self::get>("get"),
                           InstanceMethod<&Self::set>("set"),
                       });
  }

  explicit EmbeddingCacheBinding(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<EmbeddingCacheBinding>(info) {
    guarded(info.Env(), [&] {
      const std::size_t dimensions = integer_option(info, "dimensions", 1, kMostDimensions);
      const std::size_t capacity =
          integer_option(info, "capacityBytes", 0, std::numeric_limits<std::size_t>::max());
      cache_ = std::make_unique<EmbeddingCache>(dimensions, capacity);
      report_.update(info.Env(), cache_->memory_bytes());
    });
  }

  ~EmbeddingCacheBinding() override { report_.update(Env(), 0); }

 private:
  Napi::Value dimensions(const Napi::CallbackInfo& info) { return number(info, cache_->dimensions()); }
  Napi::Value capacity_bytes(const Napi::CallbackInfo& info) {
    return number(info, cache_->capacity_bytes());
  }
  Napi::Value memory_bytes(const Napi::CallbackInfo& info) { return number(info, cache_->memory_bytes()); }
  Napi::Value size(const Napi::CallbackInfo& info) { return number(info, cache_->size()); }

  Napi::Value get(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const std::string text = text_argument(info[0], "text");
      Napi::Float32Array vector = Napi::Float32Array::New(info.Env(), cache_->dimensions());
      if (!cache_->get(text, {vector.Data(), vector.ElementLength()})) return info.Env().Undefined();
      return vector;
    });
  }

  void set(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] {
      const std::string text = text_argument(info[0], "text");
      cache_->set(text, floats_argument(info[1], "vector", cache_->dimensions()));
      report_.update(info.Env(), cache_->memory_bytes());
    });
  }

  static Napi::Value number(const Napi::CallbackInfo& info, std::size_t value) {
    return Napi::Number::New(info.Env(), static_cast<double>(value));
  }

  std::unique_ptr<EmbeddingCache> cache_;
  MemoryReport report_;
};

}  // namespace

Napi::Function define_embedding_cache(Napi::Env env) { return EmbeddingCacheBinding::define(env); }

}  // namespace cosimo::binding
