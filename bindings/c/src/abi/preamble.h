/*
 * Dunlin: an on-device ML runtime that watches itself. This is its C interface.
 *
 * HANDLES     dunlin_runtime, dunlin_session and dunlin_record are numbers in a struct, passed by value. Using one that is
 *             closed, was never given out or is {0} gives DUNLIN_STATUS_CLOSED and does nothing, so closing twice is safe.
 * ERRORS      Every call returns a dunlin_status. The last argument, a dunlin_error of the caller, may be NULL; it is
 *             overwritten by every call and then says what is wrong and what to do. Where a call fails, what its other
 *             pointers lead to is as it was, unless the call says otherwise; handles become {0}.
 * TEXTS       UTF-8 that ends in NUL, unless a length is given. What is not UTF-8 is refused.
 * OWNERSHIP   All memory is the caller's: what goes in is copied or used during the call only, what comes out is written
 *             into the caller's structs and buffers. Pointers that lead nowhere, or to less memory than was said, cannot
 *             be found out.
 * BUFFERS     `capacity` counts elements. With a NULL buffer only the number needed is told; a buffer that is too small is
 *             left alone, and the call gives DUNLIN_STATUS_BUFFER_TOO_SMALL. Texts need one byte more for their NUL.
 * THREADS     Any thread may call anything. Calls on one runtime run side by side. A session or a record is used by one
 *             call at a time: a second one gets DUNLIN_STATUS_BUSY at once, it neither waits nor races. For more
 *             parallelism open more sessions; they share the model's weights.
 * TIME        _us are microseconds, _ms milliseconds, _s seconds; moments count from the Unix epoch.
 * GROWTH      Within one DUNLIN_ABI_VERSION nothing is taken away and no struct that the library writes changes. Compare
 *             dunlin_abi_version() with it at the start.
 */
