//! Settings that decide about an error.

/// Setting that can be changed so that the same call succeeds.
///
/// An error names it by this type, because only the code that configured a pipeline knows what it is
/// called there: a method or a field of a type, or a key of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Date until which proofs of version 1 count.
    AcceptV1Claims,
    /// Whether the proof of a claim covers its namespace.
    BindClaims,
    /// Prefix of the keys that a plugin is granted in a bucket.
    BucketPrefix,
    /// Uses of a bucket's objects that a plugin is granted.
    BucketUses,
    /// Memory that one call may hold.
    CallBytes,
    /// Whether claims must carry a proof.
    Claims,
    /// Size of an answer that a client can receive.
    ClientAnswer,
    /// Blocks, branch targets and calls of one function of a plugin.
    CodeBlocks,
    /// Nested components of a plugin.
    CodeComponents,
    /// Definitions of a plugin outside of functions.
    CodeDefinitions,
    /// Bytes of one function of a plugin.
    CodeFunction,
    /// Work of compiling one function of a plugin.
    CodeFunctionWork,
    /// Functions of a plugin.
    CodeFunctions,
    /// Locals of one function of a plugin.
    CodeLocals,
    /// Nesting of loops in a plugin.
    CodeLoopDepth,
    /// Memory of the process that compiles a plugin.
    CodeMemory,
    /// Core modules of a plugin.
    CodeModules,
    /// Processor time of the process that compiles a plugin.
    CodeTime,
    /// Parameters and results of one function type of a plugin.
    CodeValues,
    /// Work of compiling all functions of a plugin.
    CodeWork,
    /// Time that a call of a native codec may take.
    CodecTime,
    /// Folder of compiled plugins.
    CompileCache,
    /// Size of a plugin's file.
    ComponentSize,
    /// Time that a driver may take for one object.
    DriverTime,
    /// Drivers that external storage has.
    Drivers,
    /// Entries that one payload may have.
    Entries,
    /// Buckets that a plugin is granted.
    GrantBuckets,
    /// Key rings that a plugin is granted, to seal and to open.
    GrantKeys,
    /// Whether a plugin is granted the operator's log.
    GrantLog,
    /// Services that a plugin is granted.
    GrantServices,
    /// Secrets that a plugin is granted.
    GrantSecrets,
    /// Key rings that a plugin is granted, to derive bytes from.
    GrantSubkeys,
    /// Servers that a plugin is granted.
    GrantTcp,
    /// Handles that one call of a plugin may hold.
    Handles,
    /// Memory that the host may hold for one call of a plugin.
    Held,
    /// Memory of one instance of a plugin.
    InstanceMemory,
    /// Instances of plugins that may be in a call at once.
    Instances,
    /// Keys of a ring.
    KeyMaterial,
    /// Bytes of an object that is stored or read back.
    LargestObject,
    /// Bytes of one payload.
    LargestPayload,
    /// Time of loading a plugin.
    LoadTime,
    /// Bytes that one call of a plugin may log.
    LogBytes,
    /// Messages that one key may seal.
    MessagesPerKey,
    /// Payloads of one call.
    MostPayloads,
    /// Namespaces behind Nexus endpoints.
    NexusEndpoints,
    /// Rings of keys that a namespace was sealed under before.
    OldRings,
    /// Bytes that one call of a plugin may make.
    Output,
    /// Handles that one call of this plugin may hold.
    OwnHandles,
    /// Bytes that the host may hold for one call of this plugin.
    OwnHeld,
    /// Bytes that one call of this plugin may log.
    OwnLog,
    /// Memory of one instance of this plugin.
    OwnMemory,
    /// Bytes that one call of this plugin may make.
    OwnOutput,
    /// Time that a call of this plugin may take.
    OwnTime,
    /// Time that a call of a plugin may take.
    PluginTime,
    /// Memory that all calls may hold together.
    ProcessBytes,
    /// Calls of plugins that may wait for a processor.
    Queue,
    /// Policy for an object whose age cannot be renewed.
    RefreshFailure,
    /// User and password for a registry of plugins.
    RegistryCredentials,
    /// Address at which a registry of plugins has tokens asked for.
    RegistryRealm,
    /// Whether a stage lets unencrypted payloads pass while decoding.
    RequiredToEncode,
    /// Rules for payloads that are stored.
    Rules,
    /// Whether a codec server serves everybody who reaches it.
    ServerAnonymous,
    /// Size of a request to a codec server.
    ServerBody,
    /// Open connections of a codec server.
    ServerConnections,
    /// Keys that sign tokens for a codec server.
    ServerKeySet,
    /// Address at which a codec server serves metrics.
    ServerMetrics,
    /// Claim with the namespaces of a token for a codec server.
    ServerNamespaces,
    /// Origins of web pages that may ask a codec server.
    ServerOrigins,
    /// Time that a request to a codec server may take.
    ServerTime,
    /// Token that a codec server accepts.
    ServerToken,
    /// Time in which a client of a codec server must read.
    ServerWriteTime,
    /// Namespaces that may read what is written for another one.
    Shares,
    /// Whether there is external storage.
    Storage,
    /// Size from which payloads are stored.
    Threshold,
    /// Trace of a plugin, for its author.
    Trace,
    /// Whether objects are read whose keys name no namespace.
    UnscopedKeys,
    /// Time that a call waits for memory.
    Wait,
}
