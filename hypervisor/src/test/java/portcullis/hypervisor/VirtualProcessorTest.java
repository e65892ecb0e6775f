package portcullis.hypervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.hypervisor.VtlContext.Activity;

class VirtualProcessorTest {
    private static final long APIC = 0xfee00000L;

    private FakeMachine machine = FakeMachine.threaded(2);

    @AfterEach
    void close() {
        machine.close();
    }

    /** Runs {@code step} for ever and notes vectors. */
    private static final class Recorder implements FakeCpu.Program {
        final List<Integer> vectors = new CopyOnWriteArrayList<>();
        private final FakeCpu.Program steps;

        Recorder(FakeCpu.Program steps) {
            this.steps = steps;
        }

        @Override
        public ExitReason step(FakeCpu cpu) {
            return steps.step(cpu);
        }

        @Override
        public void interrupt(FakeCpu cpu, int vector) {
            vectors.add(vector);
        }
    }

    private Recorder run(int vp, FakeCpu.Program steps) {
        Recorder recorder = new Recorder(steps);
        machine.cpus.get(vp).program = recorder;
        return recorder;
    }

    @Test
    void shouldStartBootProcessorOnly() {
        Recorder boot = run(0, cpu -> ExitReason.HALT);
        machine.partition.start();
        machine.awaitHalted(0);
        machine.partition.pause();
        assertEquals(Activity.WAIT_FOR_STARTUP, machine.vp(1).context().activity());
        assertEquals(0, machine.cpus.get(1).retired());
        assertEquals(0xfee00900L, machine.cpus.get(0).apicBase);
        assertEquals(0xfee00800L, machine.cpus.get(1).apicBase);
        assertTrue(boot.vectors.isEmpty());
    }

    @Test
    void shouldStartOthersByInitAndStartup() {
        run(
                0,
                FakeMachine.script(
                        cpu -> cpu.mmioWrite(APIC + 0x300, 0xc4500), cpu -> cpu.mmioWrite(APIC + 0x300, 0xc4699)));
        run(1, cpu -> ExitReason.HALT);
        machine.partition.start();
        machine.awaitHalted(1);
        machine.partition.pause();
        assertEquals(0x99, machine.cpus.get(1).startupVector);
        assertEquals(1, machine.cpus.get(1).inits);
    }

    @Test
    void shouldIgnoreStartupWhileRunning() {
        run(0, FakeMachine.script(cpu -> cpu.mmioWrite(APIC + 0x300, 0xc4699)));
        run(1, cpu -> null);
        machine.startAll();
        machine.awaitHalted(0);
        machine.partition.pause();
        assertEquals(-1, machine.cpus.get(1).startupVector);
    }

    @Test
    void shouldSendRunningProcessorBackToWaitingByInit() {
        run(0, FakeMachine.script(cpu -> cpu.mmioWrite(APIC + 0x300, 0xc4500)));
        run(1, cpu -> null);
        machine.startAll();
        FakeMachine.await(() -> machine.vp(1).context().activity() == Activity.WAIT_FOR_STARTUP);
        machine.interrupt(1, 0x41);
        machine.vp(1).injectNmi();
        machine.partition.pause();
        assertEquals(Activity.WAIT_FOR_STARTUP, machine.vp(1).context().activity());
    }

    @Test
    void shouldSendBootProcessorToResetVectorByInit() {
        run(0, FakeMachine.script(cpu -> cpu.mmioWrite(APIC + 0x300, 0x40500)));
        machine.partition.start();
        machine.awaitHalted(0);
        machine.partition.pause();
        assertEquals(1, machine.cpus.get(0).inits);
        assertEquals(Activity.HALTED, machine.vp(0).context().activity());
    }

    @Test
    void shouldWakeHaltedProcessorByInterrupt() {
        Recorder recorder = run(0, cpu -> ExitReason.HALT);
        machine.startAll();
        machine.awaitHalted(0);
        machine.interrupt(0, 0x41);
        FakeMachine.await(() -> recorder.vectors.equals(List.of(0x41)));
    }

    @Test
    void shouldNotWakeHaltedProcessorThatMasksInterrupts() {
        Recorder recorder = run(0, cpu -> {
            cpu.setInterruptsEnabled(false);
            return ExitReason.HALT;
        });
        machine.startAll();
        machine.awaitHalted(0);
        machine.interrupt(0, 0x41);
        machine.vp(0).call(() -> {});
        machine.vp(0).injectNmi();
        FakeMachine.await(() -> !recorder.vectors.isEmpty());
        assertEquals(List.of(2), recorder.vectors);
    }

    @Test
    void shouldLeaveHaltedProcessorAsleepForNmiThatIsBlocked() {
        Recorder recorder = run(0, cpu -> ExitReason.HALT);
        machine.startAll();
        machine.awaitHalted(0);
        machine.vp(0).injectNmi();
        FakeMachine.await(() -> recorder.vectors.equals(List.of(2)));
        machine.awaitHalted(0);
        machine.vp(0).injectNmi();
        machine.partition.pause();
        machine.partition.resume();
        machine.vp(0)
                .call(() ->
                        assertEquals(Activity.HALTED, machine.vp(0).context().activity()));
        assertEquals(List.of(2), recorder.vectors);
    }

    @Test
    void shouldWaitForInterruptWindow() {
        AtomicInteger steps = new AtomicInteger();
        Recorder recorder = run(0, cpu -> {
            cpu.setInterruptsEnabled(steps.incrementAndGet() > 1000);
            return null;
        });
        machine.partition.setBootState(boot -> {
            boot.apic().writePage(0xf0, 4, 0x1ff);
            machine.interrupt(0, 0x41);
        });
        machine.partition.start();
        FakeMachine.await(() -> !recorder.vectors.isEmpty());
        assertEquals(List.of(0x41), recorder.vectors);
        assertTrue(steps.get() > 1000);
    }

    @Test
    void shouldDeliverWaitingInterruptsInOrderOfPriority() {
        Recorder recorder = new Recorder(FakeMachine.script(
                cpu -> {
                    cpu.setInterruptsEnabled(false);
                    return cpu.mmioWrite(APIC + 0x300, 0x44031);
                },
                cpu -> cpu.mmioWrite(APIC + 0x300, 0x44051),
                cpu -> cpu.mmioWrite(APIC + 0x300, 0x44041),
                cpu -> {
                    cpu.setInterruptsEnabled(true);
                    return null;
                },
                cpu -> cpu.mmioWrite(APIC + 0xb0, 0),
                cpu -> cpu.mmioWrite(APIC + 0xb0, 0),
                cpu -> cpu.mmioWrite(APIC + 0xb0, 0)));
        machine.cpus.get(0).program = recorder;
        machine.startAll();
        FakeMachine.await(() -> recorder.vectors.size() == 3);
        assertEquals(List.of(0x51, 0x41, 0x31), recorder.vectors);
    }

    @Test
    void shouldHoldInterruptsBelowTaskPriorityUntilItIsLowered() {
        List<String> order = new ArrayList<>();
        FakeCpu.Program steps = FakeMachine.script(
                cpu -> {
                    cpu.set(Register.CR8, 9);
                    return null;
                },
                cpu -> cpu.mmioWrite(APIC + 0x300, 0x44031),
                cpu -> {
                    order.add("still running");
                    return null;
                },
                cpu -> {
                    cpu.set(Register.CR8, 2);
                    return ExitReason.TASK_PRIORITY;
                });
        machine.cpus.get(0).program = new FakeCpu.Program() {
            @Override
            public ExitReason step(FakeCpu cpu) {
                return steps.step(cpu);
            }

            @Override
            public void interrupt(FakeCpu cpu, int vector) {
                order.add("0x" + Integer.toHexString(vector));
            }
        };
        machine.startAll();
        machine.awaitHalted(0);
        machine.vp(0).call(() -> assertEquals(List.of("still running", "0x31"), order));
        assertEquals(2, machine.vp(0).apic().taskPriorityClass());
    }

    @Test
    void shouldShowTaskPriorityRegisterInCr8() {
        run(0, FakeMachine.script(cpu -> cpu.mmioWrite(APIC + 0x80, 0x70)));
        machine.startAll();
        machine.awaitHalted(0);
        machine.vp(0).call(() -> assertEquals(7, machine.vp(0).cpu().get(Register.CR8)));
    }

    @Test
    void shouldAnswerPortsAndMemory() {
        List<String> log = new CopyOnWriteArrayList<>();
        machine.partition.setIoHandler(new IoHandler() {
            @Override
            public int portRead(int port, int size) {
                return 0x12345678;
            }

            @Override
            public void portWrite(int port, int size, int value) {
                log.add("out %x %d %x".formatted(port, size, value));
            }

            @Override
            public long mmioRead(long gpa, int size) {
                return -1L;
            }

            @Override
            public void mmioWrite(long gpa, int size, long value) {
                log.add("store %x %d %x".formatted(gpa, size, value));
            }
        });
        run(
                0,
                FakeMachine.script(
                        cpu -> cpu.portWrite(0xe9, 0x41),
                        cpu -> cpu.mmioWrite(0xfed00000L, 7),
                        cpu -> cpu.portRead(0x60, 2),
                        cpu -> {
                            log.add("%x".formatted(cpu.exit().value));
                            return cpu.mmioRead(0xfed00000L);
                        },
                        cpu -> {
                            log.add("%x".formatted(cpu.exit().value));
                            return cpu.mmioRead(APIC + 0x30);
                        },
                        cpu -> {
                            log.add("%x".formatted(cpu.exit().value));
                            return null;
                        }));
        machine.startAll();
        machine.awaitHalted(0);
        assertEquals(List.of("out e9 1 41", "store fed00000 4 7", "5678", "ffffffff", "50014"), log);
    }

    @Test
    void shouldAnswerModelSpecificRegisters() {
        List<String> log = new CopyOnWriteArrayList<>();
        run(
                0,
                FakeMachine.script(
                        cpu -> cpu.msrRead(0x1b),
                        cpu -> {
                            log.add("%b %x".formatted(cpu.exit().fault, cpu.exit().value));
                            return cpu.msrRead(0x802);
                        },
                        cpu -> {
                            log.add("%b".formatted(cpu.exit().fault));
                            return cpu.msrWrite(0x1b, 0xfee00d00L);
                        },
                        cpu -> {
                            log.add("%b %x".formatted(cpu.exit().fault, cpu.apicBase));
                            return cpu.msrRead(0x803);
                        },
                        cpu -> {
                            log.add("%b %x".formatted(cpu.exit().fault, cpu.exit().value));
                            return cpu.msrWrite(0x1b, 0xfee00900L);
                        },
                        cpu -> {
                            log.add("%b %x".formatted(cpu.exit().fault, cpu.apicBase));
                            return cpu.msrWrite(0x12345, 0);
                        },
                        cpu -> {
                            log.add("%b".formatted(cpu.exit().fault));
                            return null;
                        }));
        machine.startAll();
        machine.awaitHalted(0);
        assertEquals(List.of("false fee00900", "true", "false fee00d00", "false 50014", "true fee00d00", "true"), log);
    }

    @Test
    void shouldFireTscDeadlineByTheGuestsOwnCounter() {
        Recorder recorder = run(
                0,
                FakeMachine.script(
                        cpu -> cpu.mmioWrite(APIC + 0x320, 2 << 17 | 0xec),
                        cpu -> cpu.msrWrite(0x6e0, 1000),
                        cpu -> cpu.mmioWrite(APIC + 0xb0, 0),
                        cpu -> cpu.msrWrite(0x6e0, 2_000_000)));
        machine.startAll();
        FakeMachine.await(() -> recorder.vectors.size() == 2);
        assertEquals(List.of(0xec, 0xec), recorder.vectors);
    }

    @Test
    void shouldAnswerHypercallsThatDoNotExist() {
        run(0, FakeMachine.script(cpu -> {
            cpu.set(Register.RAX, 0x1234);
            cpu.exit().instructionLength = 3;
            return ExitReason.HYPERCALL;
        }));
        machine.startAll();
        machine.awaitHalted(0);
        assertEquals(
                -1000 & 0xffff_ffffL,
                machine.partition.processors().getFirst().cpu().get(Register.RAX));
    }

    @Test
    void shouldReportTripleFault() {
        run(1, FakeMachine.script(cpu -> ExitReason.SHUTDOWN));
        machine.startAll();
        Outcome.TripleFault fault = assertInstanceOf(Outcome.TripleFault.class, machine.awaitEnd());
        assertEquals(1, fault.vp());
        assertTrue(fault.state().contains("rip"));
    }

    @Test
    void shouldReportFaultsOfOurs() {
        IllegalStateException bug = new IllegalStateException("bug in a device");
        run(0, FakeMachine.script(cpu -> {
            throw bug;
        }));
        machine.startAll();
        assertEquals(new Outcome.HostError(0, bug), machine.awaitEnd());
    }

    @Test
    void shouldReportFaultsOfTimers() {
        IllegalStateException bug = new IllegalStateException("bug in a timer");
        machine.startAll();
        machine.partition
                .time()
                .create("broken", () -> {
                    throw bug;
                })
                .set(0);
        assertEquals(new Outcome.HostError(-1, bug), machine.awaitEnd());
    }

    @Test
    void shouldWorkOnProcessorsThatRunHaltWaitAndPause() {
        run(0, cpu -> null);
        machine.partition.start();
        AtomicReference<Thread> on = new AtomicReference<>();
        for (int round = 0; round < 2; round++) {
            for (int vp = 0; vp < 2; vp++) {
                int index = vp;
                machine.vp(vp).call(() -> {
                    on.set(Thread.currentThread());
                    assertEquals(false, machine.cpus.get(index).running());
                });
                assertEquals("vp " + vp, on.get().getName());
            }
            machine.partition.pause();
        }
    }

    @Test
    void shouldReportWhatWorkThrows() {
        machine.startAll();
        IllegalArgumentException thrown = org.junit.jupiter.api.Assertions.assertThrows(
                IllegalArgumentException.class,
                () -> machine.vp(0).call(() -> {
                    throw new IllegalArgumentException("no");
                }));
        assertEquals("no", thrown.getMessage());
        machine.vp(0).call(() -> {});
    }

    @Test
    void shouldTakeWhatWaitsWhenRegistersAreWrittenFromOutside() {
        Recorder recorder = run(0, cpu -> ExitReason.HALT);
        machine.startAll();
        machine.awaitHalted(0);
        VirtualProcessor vp = machine.vp(0);
        vp.call(() -> machine.cpus.get(0).setInterruptsEnabled(false));
        machine.interrupt(0, 0x41);
        // It has looked at the interrupt, and cannot take it.
        FakeMachine.await(() -> !vp.requests().signalled());
        vp.call(() -> assertEquals(Activity.HALTED, vp.context().activity()));
        vp.call(() -> {
            machine.cpus.get(0).setInterruptsEnabled(true);
            vp.lookForInterrupts(0);
        });
        FakeMachine.await(() -> recorder.vectors.equals(List.of(0x41)));
    }
}
