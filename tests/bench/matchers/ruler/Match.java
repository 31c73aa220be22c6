// SPDX-License-Identifier: Apache-2.0
// Matches the bench's events with Amazon's event-ruler: Match FOLDER KIND COUNT
// Prints "ns-per-event build-ms matches-per-event". One thread.
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import software.amazon.event.ruler.Machine;

public final class Match {
    private static final int ROUNDS = 5;
    private static final long ROUND_NS = 400_000_000L;

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        List<String> events = Files.readAllLines(folder.resolve("events.ndjson"));
        List<String> rules = Files.readAllLines(folder.resolve(args[1] + ".ndjson"))
            .subList(0, Integer.parseInt(args[2]));
        Machine machine = Machine.builder().build();
        long begin = System.nanoTime();
        for (int i = 0; i < rules.size(); i++) {
            machine.addRule("r" + i, rules.get(i));
        }
        double buildMs = (System.nanoTime() - begin) / 1e6;
        long hits = 0;
        for (String event : events) {
            hits += machine.rulesForJSONEvent(event).size();
        }
        double best = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) { // the first ones warm the compiler up
            long count = 0;
            long start = System.nanoTime();
            long spent = 0;
            for (; spent < ROUND_NS; spent = System.nanoTime() - start) {
                for (String event : events) {
                    machine.rulesForJSONEvent(event);
                }
                count += events.size();
            }
            best = Math.min(best, (double) spent / count);
        }
        System.out.printf("%.1f %.1f %.4f%n", best, buildMs, (double) hits / events.size());
    }
}
