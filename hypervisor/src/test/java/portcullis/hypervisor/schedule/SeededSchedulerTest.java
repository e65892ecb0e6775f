package portcullis.hypervisor.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import portcullis.engine.ExitReason;
import portcullis.engine.Register;
import portcullis.hypervisor.FakeCpu;
import portcullis.hypervisor.FakeMachine;
import portcullis.hypervisor.IoHandler;
import portcullis.hypervisor.Outcome;
import portcullis.hypervisor.VirtualProcessor;
import portcullis.hypervisor.schedule.SeededScheduler.WhenStalled;
import portcullis.hypervisor.time.VirtualAlarms;
import portcullis.hypervisor.time.VirtualClock;

class SeededSchedulerTest {
    private static final long APIC = 0xfee00000L;

    /** Computes, interrupts its neighbour now and then, halts now and then with its timer on, and ends after {@code life} steps. */
    private static final class Busy implements FakeCpu.Program {
        private final int neighbour;
        private final int life;
        private int steps;
        private boolean end;

        Busy(int neighbour, int life) {
            this.neighbour = neighbour;
            this.life = life;
        }

        @Override
        public ExitReason step(FakeCpu cpu) {
            steps++;
            cpu.set(Register.RIP, steps * 4L);
            if (end) {
                end = false;
                return cpu.mmioWrite(APIC + 0xb0, 0);
            }
            if (steps == 1) {
                return cpu.mmioWrite(APIC + 0x3e0, 0xb);
            }
            if (steps == 2) {
                return cpu.mmioWrite(APIC + 0x320, 0xec);
            }
            if (steps >= life) {
                return cpu.portWrite(0xf4, 0);
            }
            if (steps % 1000 == 0) {
                return cpu.mmioWrite(APIC + 0x310, neighbour << 24);
            }
            if (steps % 1000 == 1) {
                return cpu.mmioWrite(APIC + 0x300, 0x4041);
            }
            if (steps % 3000 == 10) {
                return cpu.mmioWrite(APIC + 0x380, 700);
            }
            return steps % 3000 == 11 ? ExitReason.HALT : null;
        }

        @Override
        public void interrupt(FakeCpu cpu, int vector) {
            end = true;
        }
    }

    private record Run(List<String> trace, Outcome outcome) {}

    private interface Disturbance {
        void disturb(FakeMachine machine);
    }

    private static Run run(long seed, Disturbance disturbance) {
        return run(seed, machine -> {}, disturbance);
    }

    private static Run run(long seed, Disturbance preparation, Disturbance disturbance) {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        List<String> trace = Collections.synchronizedList(new ArrayList<>());
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(seed), WhenStalled.END, trace::add);
        try (FakeMachine machine = new FakeMachine(3, alarms, scheduler)) {
            for (int vp = 0; vp < 3; vp++) {
                machine.cpus.get(vp).program = new Busy((vp + 1) % 3, 60_000);
            }
            machine.partition.setIoHandler(new ExitPort(machine));
            preparation.disturb(machine);
            machine.startAll();
            disturbance.disturb(machine);
            Outcome outcome = machine.awaitEnd();
            machine.partition.stop();
            return new Run(List.copyOf(trace), outcome);
        }
    }

    private record ExitPort(FakeMachine machine) implements IoHandler {
        @Override
        public int portRead(int port, int size) {
            return -1;
        }

        @Override
        public void portWrite(int port, int size, int value) {
            machine.partition.end(new Outcome.GuestExit(1));
        }

        @Override
        public long mmioRead(long gpa, int size) {
            return -1;
        }

        @Override
        public void mmioWrite(long gpa, int size, long value) {}
    }

    @Test
    void shouldRepeatItselfForOneSeed() {
        Run first = run(42, machine -> {});
        Run second = run(42, machine -> {});
        assertEquals(new Outcome.GuestExit(1), first.outcome);
        assertEquals(first.trace, second.trace);
        assertTrue(first.trace.stream().anyMatch(line -> line.contains("vectors 0x41")));
        assertTrue(first.trace.stream().anyMatch(line -> line.contains("0xec")));
        assertTrue(first.trace.stream().anyMatch(line -> line.contains("HALT")));
    }

    @Test
    void shouldInterleaveDifferentlyForOtherSeeds() {
        assertNotEquals(run(1, machine -> {}).trace, run(2, machine -> {}).trace);
    }

    /** Pauses come in the middle of slices: every 997th step waits, inside the guest, for one to be asked for. */
    @Test
    void shouldNotBeDisturbedByPauses() {
        Run quiet = run(7, machine -> {});
        Semaphore inGuest = new Semaphore(0);
        Run disturbed = run(7, machine -> machine.cpus.forEach(cpu -> meetPauses(machine, cpu, inGuest)), machine -> {
            for (int i = 0; i < 90; i++) {
                inGuest.acquireUninterruptibly();
                machine.partition.pause();
                machine.vp(i % 3).call(() -> {});
                machine.partition.resume();
            }
        });
        assertEquals(quiet.trace, disturbed.trace);
    }

    private static void meetPauses(FakeMachine machine, FakeCpu cpu, Semaphore inGuest) {
        FakeCpu.Program program = cpu.program;
        int[] met = new int[1];
        cpu.program = new FakeCpu.Program() {
            @Override
            public ExitReason step(FakeCpu self) {
                if (self.retired() % 997 == 0 && met[0]++ < 30) {
                    inGuest.release();
                    FakeMachine.await(machine.vp(self.index())::paused);
                }
                return program.step(self);
            }

            @Override
            public void interrupt(FakeCpu self, int vector) {
                program.interrupt(self, vector);
            }
        };
    }

    @Test
    void shouldJumpToTheNextAlarmWhenAllHalt() {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(1), WhenStalled.END, null);
        try (FakeMachine machine = new FakeMachine(1, alarms, scheduler)) {
            machine.partition.setIoHandler(new ExitPort(machine));
            long[] woken = new long[1];
            FakeCpu.Program steps = FakeMachine.script(
                    cpu -> cpu.mmioWrite(APIC + 0x3e0, 0xb),
                    cpu -> cpu.mmioWrite(APIC + 0x320, 0xec),
                    cpu -> cpu.mmioWrite(APIC + 0x380, 2_000_000_000),
                    cpu -> ExitReason.HALT,
                    cpu -> cpu.portWrite(0xf4, 0));
            machine.cpus.get(0).program = new FakeCpu.Program() {
                @Override
                public ExitReason step(FakeCpu cpu) {
                    return steps.step(cpu);
                }

                @Override
                public void interrupt(FakeCpu cpu, int vector) {
                    woken[0] = alarms.clock().ticks();
                }
            };
            machine.startAll();
            assertInstanceOf(Outcome.GuestExit.class, machine.awaitEnd());
            assertEquals(2_000_000_003L, woken[0]);
        }
    }

    @Test
    void shouldReportWhenNothingIsLeftToWakeAnybody() {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(1), WhenStalled.END, null);
        try (FakeMachine machine = new FakeMachine(2, alarms, scheduler)) {
            machine.startAll();
            Outcome.Stalled stalled = assertInstanceOf(Outcome.Stalled.class, machine.awaitEnd());
            assertTrue(stalled.state().contains("vp 1 HALTED"));
        }
    }

    @Test
    void shouldWaitForTheWorldWhereItMayCome() {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(1), WhenStalled.WAIT, null);
        try (FakeMachine machine = new FakeMachine(2, alarms, scheduler)) {
            machine.partition.setIoHandler(new ExitPort(machine));
            FakeCpu.Program halt = cpu -> ExitReason.HALT;
            machine.cpus.get(1).program = new FakeCpu.Program() {
                @Override
                public ExitReason step(FakeCpu cpu) {
                    return halt.step(cpu);
                }

                @Override
                public void interrupt(FakeCpu cpu, int vector) {
                    cpu.program = FakeMachine.script(after -> after.portWrite(0xf4, 0));
                }
            };
            machine.startAll();
            machine.awaitHalted(0);
            machine.awaitHalted(1);
            machine.partition.pause();
            machine.partition.resume();
            machine.interrupt(1, 0x41);
            assertInstanceOf(Outcome.GuestExit.class, machine.awaitEnd());
        }
    }

    /** Asleep with interrupts off, until the other VP switches them on. */
    private static final class Sleeper implements FakeCpu.Program {
        @Override
        public ExitReason step(FakeCpu cpu) {
            cpu.setInterruptsEnabled(false);
            return ExitReason.HALT;
        }

        @Override
        public void interrupt(FakeCpu cpu, int vector) {
            cpu.program = FakeMachine.script(after -> after.portWrite(0xf4, 0));
        }
    }

    @Test
    void shouldGiveATurnToASleeperWhoseRegistersOthersWrite() {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(1), WhenStalled.END, null);
        try (FakeMachine machine = new FakeMachine(2, alarms, scheduler)) {
            machine.partition.setIoHandler(new ExitPort(machine));
            VirtualProcessor sleeper = machine.vp(0);
            machine.cpus.get(0).program = new Sleeper();
            machine.cpus.get(1).program = new FakeCpu.Program() {
                private boolean sent;

                @Override
                public ExitReason step(FakeCpu cpu) {
                    if (sleeper.ready()) {
                        return null;
                    }
                    if (!sent) {
                        machine.interrupt(0, 0x41);
                        sent = true;
                        return null;
                    }
                    // It has looked at the interrupt, and cannot take it.
                    sleeper.callFrom(machine.vp(1), () -> {
                        machine.cpus.get(0).setInterruptsEnabled(true);
                        sleeper.lookForInterrupts(0);
                    });
                    return ExitReason.HALT;
                }
            };
            machine.startAll();
            assertInstanceOf(Outcome.GuestExit.class, machine.awaitEnd());
        }
    }

    @Test
    void shouldWakeForAlarmsThatOthersSet() {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(1), WhenStalled.WAIT, null);
        try (FakeMachine machine = new FakeMachine(1, alarms, scheduler)) {
            machine.startAll();
            machine.awaitHalted(0);
            alarms.create("device", () -> machine.partition.end(new Outcome.PowerOff()))
                    .set(1_000_000);
            assertEquals(new Outcome.PowerOff(), machine.awaitEnd());
        }
    }

    @Test
    void shouldPassTimeForExitsWithoutProgress() {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(1), WhenStalled.END, null);
        try (FakeMachine machine = new FakeMachine(1, alarms, scheduler)) {
            alarms.create("end", () -> machine.partition.end(new Outcome.PowerOff()))
                    .set(100_000);
            // Retires nothing: the interrupt window exit comes before the first instruction, again and again.
            machine.cpus.get(0).program = new FakeCpu.Program() {
                @Override
                public ExitReason step(FakeCpu cpu) {
                    cpu.requestInterruptWindow(true);
                    return null;
                }
            };
            machine.startAll();
            assertEquals(new Outcome.PowerOff(), machine.awaitEnd());
        }
    }

    /** VP 0 says every 40 steps that it waits for another; the others never do. */
    private static final class Waiting implements FakeCpu.Program {
        private int steps;

        @Override
        public ExitReason step(FakeCpu cpu) {
            return ++steps % 40 == 0 ? cpu.portWrite(0x80, 0) : null;
        }
    }

    private static List<Integer> sliced(int processors, long limit) {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        List<String> trace = Collections.synchronizedList(new ArrayList<>());
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(4), WhenStalled.END, trace::add);
        scheduler.setLimit(limit);
        try (FakeMachine machine = new FakeMachine(processors, alarms, scheduler)) {
            machine.cpus.forEach(cpu -> cpu.program = each -> null);
            machine.cpus.getFirst().program = new Waiting();
            machine.partition.setIoHandler(new IoHandler() {
                @Override
                public int portRead(int port, int size) {
                    return -1;
                }

                @Override
                public void portWrite(int port, int size, int value) {
                    machine.vp(0).yieldTurn();
                }

                @Override
                public long mmioRead(long gpa, int size) {
                    return -1;
                }

                @Override
                public void mmioWrite(long gpa, int size, long value) {}
            });
            machine.startAll();
            machine.awaitEnd();
            machine.partition.stop();
        }
        return trace.stream()
                .filter(line -> line.startsWith("slice "))
                .map(line -> Integer.parseInt(line.split(" ")[3]))
                .toList();
    }

    @Test
    void shouldLetOthersRunWhereOneSaysThatItWaits() {
        List<Integer> slices = sliced(3, 200_000);
        assertTrue(slices.stream().filter(vp -> vp == 0).count() > 10, slices::toString);
        for (int i = 1; i < slices.size(); i++) {
            assertTrue(slices.get(i) != 0 || slices.get(i - 1) != 0, "vp 0 twice in a row");
        }
    }

    @Test
    void shouldGoOnWithWhoWaitsWhereNobodyElseCanRun() {
        assertTrue(sliced(1, 10_000).size() > 100);
    }

    @Test
    void shouldReportTraceThatFails() {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(1), WhenStalled.END, line -> {
            throw new IllegalStateException("disk full");
        });
        try (FakeMachine machine = new FakeMachine(1, alarms, scheduler)) {
            machine.startAll();
            Outcome.HostError error = assertInstanceOf(Outcome.HostError.class, machine.awaitEnd());
            assertEquals("disk full", error.cause().getMessage());
        }
    }

    @Test
    void shouldStopWhileRunning() {
        VirtualAlarms alarms = new VirtualAlarms(new VirtualClock(1));
        SeededScheduler scheduler = new SeededScheduler(alarms, new RandomWalk(1), WhenStalled.END, null);
        try (FakeMachine machine = new FakeMachine(4, alarms, scheduler)) {
            machine.cpus.forEach(cpu -> cpu.program = running -> null);
            machine.startAll();
            machine.partition.reset();
            machine.partition.stop();
            assertEquals(new Outcome.Stopped(), machine.awaitEnd());
        }
    }
}
