//! What `cargo xtask test` runs, in order: the cheap first, so that a slip is seen early.

use crate::report::Step;
use crate::{architecture, arm, board, c, cargo_tests, checks, deb, demo, deny, jvm, mobile, pages, swift, toolchain};

pub(crate) const FULL: &[Step] = &[
    FORMAT,
    IMPORTS,
    LINT,
    Step { name: "documentation", run: checks::documentation },
    DEPENDENCIES,
    Step { name: "tests", run: cargo_tests::all },
    Step { name: "without candle", run: checks::without_candle },
    C_LIBRARY,
    Step { name: "demo", run: demo::run },
    HOST_JVM,
    SWIFT_SDK,
    EMULATED_ARM,
    DEBIAN_PACKAGE,
    EMULATED_BOARD,
    PAGES,
    PHONES,
    Step { name: "other toolchain", run: toolchain::check },
];

pub(crate) const QUICK: &[Step] = &[FORMAT, IMPORTS, LINT, Step { name: "tests", run: cargo_tests::quick }];

pub(crate) const C: &[Step] = &[C_LIBRARY];

pub(crate) const ARM: &[Step] = &[EMULATED_ARM, PAGES];

pub(crate) const BOARD: &[Step] = &[EMULATED_BOARD];

pub(crate) const JVM: &[Step] = &[HOST_JVM];

pub(crate) const MOBILE: &[Step] = &[PHONES];

pub(crate) const SWIFT: &[Step] = &[SWIFT_SDK];

pub(crate) const XCFRAMEWORK: &[Step] = &[Step { name: "xcframework", run: swift::xcframework }];

pub(crate) const PACKAGE: &[Step] = &[Step { name: "package", run: deb::make }];

pub(crate) const DENY: &[Step] = &[DEPENDENCIES];

pub(crate) const ARCHITECTURE: &[Step] = &[IMPORTS];

const FORMAT: Step = Step { name: "format", run: checks::format };
const IMPORTS: Step = Step { name: "architecture", run: architecture::check };
const LINT: Step = Step { name: "lint", run: checks::lint };
const DEPENDENCIES: Step = Step { name: "cargo deny", run: deny::check };
const C_LIBRARY: Step = Step { name: "C", run: c::check };
const DEBIAN_PACKAGE: Step = Step { name: "package", run: deb::check };
const EMULATED_ARM: Step = Step { name: "arm", run: arm::check };
const EMULATED_BOARD: Step = Step { name: "board", run: board::check };
const HOST_JVM: Step = Step { name: "jvm", run: jvm::check };
const PAGES: Step = Step { name: "16 KB pages", run: pages::check };
const PHONES: Step = Step { name: "mobile", run: mobile::check };
const SWIFT_SDK: Step = Step { name: "swift", run: swift::check };
