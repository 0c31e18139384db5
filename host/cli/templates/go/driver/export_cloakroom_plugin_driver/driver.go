// Package export_cloakroom_plugin_driver is a driver that stores objects in a bucket. The bytes pass
// from the host to the store, and never through the plugin. The bindings fix the package's name.
package export_cloakroom_plugin_driver

import (
	"fmt"
	"math"

	"example.com/{{name}}/bindings/cloakroom_plugin_blobs"
	"example.com/{{name}}/bindings/cloakroom_plugin_buffers"
	"example.com/{{name}}/bindings/cloakroom_plugin_driver"
	"example.com/{{name}}/bindings/cloakroom_plugin_settings"
	"example.com/{{name}}/bindings/cloakroom_plugin_types"
	"example.com/{{name}}/objectkey"
	. "go.bytecodealliance.org/pkg/wit/types"
)

type (
	Bucket      = cloakroom_plugin_blobs.Bucket
	Buffer      = cloakroom_plugin_buffers.Buffer
	Claim       = []Tuple2[string, string]
	Context     = cloakroom_plugin_types.Context
	Description = cloakroom_plugin_driver.Description
	Error       = cloakroom_plugin_types.Error
)

// Describe says what the driver is, and refuses settings that cannot work.
func Describe() Result[Description, Error] {
	for _, name := range cloakroom_plugin_settings.Names() {
		if name != "bucket" {
			text := fmt.Sprintf("there is no setting `%s`; there is `bucket`", name)
			return Err[Description](cloakroom_plugin_types.MakeErrorMisconfigured(text))
		}
	}
	// Buckets can be opened when the plugin is loaded, but neither read nor written.
	bucket := open()
	if bucket.IsErr() {
		return Err[Description](bucket.Err())
	}
	bucket.Ok().Drop()
	return Ok[Description, Error](Description{Kind: "{{name}}"})
}

// Store keeps an object. Handles that are not dropped stay until Go's collector runs, and those of
// parameters end the call with an error.
func Store(ctx *Context, object *Buffer) Result[Claim, Error] {
	defer ctx.Drop()
	defer object.Drop()
	bucket := open()
	if bucket.IsErr() {
		return Err[Claim](bucket.Err())
	}
	defer bucket.Ok().Drop()
	// The same object has the same key, so a call that is repeated stores nothing twice.
	key := objectkey.Of(ctx.Namespace().SomeOr(""), object.Sha256())
	written := bucket.Ok().Put(key, object, cloakroom_plugin_blobs.ModeCreate)
	if written.IsErr() {
		return Err[Claim](written.Err())
	}
	return Ok[Claim, Error](Claim{{F0: "key", F1: key}})
}

// Retrieve finds an object again.
func Retrieve(ctx *Context, claim Claim) Result[*Buffer, Error] {
	defer ctx.Drop()
	for _, entry := range claim {
		if entry.F0 == "key" && entry.F1 != "" {
			bucket := open()
			if bucket.IsErr() {
				return Err[*Buffer](bucket.Err())
			}
			defer bucket.Ok().Drop()
			// The host holds the key against the grant, and checks what comes back.
			return bucket.Ok().Get(entry.F1, math.MaxUint64)
		}
	}
	return Err[*Buffer](cloakroom_plugin_types.MakeErrorMalformed("the claim has no `key`"))
}

// open returns the bucket, by the name that it was granted under.
func open() Result[*Bucket, Error] {
	name := cloakroom_plugin_settings.Get("bucket").SomeOr("")
	if name == "" {
		text := "setting `bucket` is needed: the name of a granted bucket"
		return Err[*Bucket](cloakroom_plugin_types.MakeErrorMisconfigured(text))
	}
	return cloakroom_plugin_blobs.Open(name)
}
