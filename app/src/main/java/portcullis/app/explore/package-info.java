/**
 * Runs a guest over many interleavings, a machine a seed, on all host cores ({@code portcullis explore}; docs/exploration.md).
 *
 * <p>Start reading at {@link portcullis.app.explore.Exploration}; {@link portcullis.app.explore.SeedRun} is one machine from start
 * to result, {@link portcullis.app.explore.ResultLine} and {@link portcullis.app.explore.Merge} what goes from shard to sum.
 */
package portcullis.app.explore;
