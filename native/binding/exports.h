// What addon.cpp exports, each defined in a file of its own.
#pragma once

#include <napi.h>

namespace cosimo::binding {

Napi::Function define_vector_index(Napi::Env env);
Napi::Function define_embedding_cache(Napi::Env env);
Napi::Function define_transformer_encoder(Napi::Env env);
/// The kernel that TransformerEncoder would use, for each precision that it can compute in on this machine.
Napi::Array encoder_kernels(Napi::Env env);
void define_json_functions(Napi::Env env, Napi::Object& exports);
void define_file_lock_function(Napi::Env env, Napi::Object& exports);
void define_shared_library_function(Napi::Env env, Napi::Object& exports);

}  // namespace cosimo::binding
