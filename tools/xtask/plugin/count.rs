//! A plugin for qemu-user that counts the instructions of the emulated program between two readings of the CPU clock of
//! its thread: whoever times a burst by that clock has it counted, too.

use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicU64, Ordering};

/// Version of qemu's plugin interface that this is written for.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static qemu_plugin_version: c_int = 1;

/// `clock_gettime` on aarch64, and the clock of the calling thread's CPU time.
const CLOCK_GETTIME: i64 = 113;
const THREAD_CPU_CLOCK: u64 = 3;

/// The operation of an inline instrument that adds.
const ADD: c_int = 0;

static COUNT: AtomicU64 = AtomicU64::new(0);
static LAST: AtomicU64 = AtomicU64::new(0);

type Translated = extern "C" fn(u64, *mut c_void);
type Called = extern "C" fn(u64, u32, i64, u64, u64, u64, u64, u64, u64, u64, u64);

unsafe extern "C" {
    fn qemu_plugin_register_vcpu_tb_trans_cb(id: u64, callback: Translated);
    fn qemu_plugin_register_vcpu_tb_exec_inline(block: *mut c_void, operation: c_int, counter: *mut c_void, value: u64);
    fn qemu_plugin_tb_n_insns(block: *const c_void) -> usize;
    fn qemu_plugin_register_vcpu_syscall_cb(id: u64, callback: Called);
}

/// What qemu calls when it loads the plugin.
#[unsafe(no_mangle)]
pub extern "C" fn qemu_plugin_install(id: u64, _: *const c_void, _: c_int, _: *const *const c_char) -> c_int {
    // SAFETY: qemu offers both functions, and the callbacks have the types that it documents.
    unsafe {
        qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
        qemu_plugin_register_vcpu_syscall_cb(id, called);
    }
    0
}

extern "C" fn translated(_: u64, block: *mut c_void) {
    // SAFETY: `block` is the one that qemu translates now, and the counter lives as long as the process.
    unsafe {
        let instructions = qemu_plugin_tb_n_insns(block) as u64;
        qemu_plugin_register_vcpu_tb_exec_inline(block, ADD, COUNT.as_ptr().cast(), instructions);
    }
}

extern "C" fn called(_: u64, _: u32, call: i64, clock: u64, _: u64, _: u64, _: u64, _: u64, _: u64, _: u64, _: u64) {
    if call == CLOCK_GETTIME && clock == THREAD_CPU_CLOCK {
        let now = COUNT.load(Ordering::Relaxed);
        eprintln!("instructions {}", now - LAST.swap(now, Ordering::Relaxed));
    }
}
