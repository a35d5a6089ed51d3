package hedgerow;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.pmml4s.common.Operator$;
import org.pmml4s.common.Predicate;
import org.pmml4s.common.Predication$;
import org.pmml4s.common.SimplePredicate;
import org.pmml4s.data.DataVal;
import org.pmml4s.data.Series;
import org.pmml4s.metadata.Field;
import org.pmml4s.metadata.ResultFeature$;
import org.pmml4s.model.MiningModel;
import org.pmml4s.model.NoTrueChildStrategy$;
import org.pmml4s.model.Node;
import org.pmml4s.model.Segment;
import org.pmml4s.model.TreeModel;
import org.pmml4s.model.TreeOutputs;
import scala.Enumeration;
import scala.Option;

/** The nodes of all trees of an ensemble, in arrays. */
final class TreeNodes {
    /** Kinds of tests: of one field and one number, but for the first and the last. */
    private static final byte TRUE = 0, LESS = 1, LESS_OR_EQUAL = 2, GREATER = 3, GREATER_OR_EQUAL = 4,
            EQUAL = 5, NOT_EQUAL = 6, MISSING = 7, NOT_MISSING = 8, OTHER = 9;

    private static final int NONE = -1;

    private final Field[] fields;
    private final DataVal[] labels;

    /** How many numbers a tree says: a score, or the probabilities of the classes. */
    private final int width;

    /** The first node of each tree. */
    private final int[] roots;

    // By node. Children are neighbours and are tried in order: `child` is the first, and `last` says that none
    // follows. Where none is true, a node that `goesOn` speaks itself.
    private final byte[] test;
    private final int[] field;
    private final double[] bound;
    private final Predicate[] other;
    private final int[] child;
    private final boolean[] last;
    private final boolean[] goesOn;

    /** `width` numbers a node; NaN where the engine has to be asked. */
    private final double[] said;

    // Only while the arrays are filled.
    private int filled;
    private final List<Field> found = new ArrayList<>();
    private final Map<Field, Integer> places = new IdentityHashMap<>();
    private final int[] outputs;

    TreeNodes(MiningModel model) {
        Segment[] segments = model.segmentation().get().segments();
        TreeModel first = (TreeModel) segments[0].model();
        labels = model.isClassification() ? model.classes() : null;
        width = labels == null ? 1 : labels.length;
        outputs = placesOfOutputs(first);
        int size = 0;
        for (Segment segment : segments) {
            size += sizeOf(((TreeModel) segment.model()).node());
        }
        roots = new int[segments.length];
        test = new byte[size];
        field = new int[size];
        bound = new double[size];
        other = new Predicate[size];
        child = new int[size];
        last = new boolean[size];
        goesOn = new boolean[size];
        said = new double[size * width];
        for (int i = 0; i < segments.length; i++) {
            TreeModel tree = (TreeModel) segments[i].model();
            roots[i] = filled++;
            fill(roots[i], tree, tree.node());
        }
        fields = found.toArray(new Field[0]);
        found.clear();
        places.clear();
    }

    int trees() {
        return roots.length;
    }

    /** The fields that are tested. */
    Field[] fields() {
        return fields;
    }

    /** Returns the sums of what all trees say of a row, null if the engine has to be asked. */
    double[] totals(Series series) {
        double[] row = new double[fields.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = fields[i].encode(series);
        }
        double[] totals = new double[width];
        for (int i = 0; i < roots.length; i++) {
            int node = lastOf(roots[i], row, series);
            if (node == NONE) {
                return null;
            }
            for (int j = 0; j < width; j++) {
                double one = said[node * width + j];
                if (one != one) {
                    return null;
                }
                // From the first and not from 0.0, which would turn -0.0 around.
                totals[j] = i == 0 ? one : totals[j] + one;
            }
        }
        return totals;
    }

    /** Returns the node that speaks for a tree, NONE if the engine has to be asked. */
    private int lastOf(int root, double[] row, Series series) {
        int node = root;
        while (child[node] != NONE) {
            int next = child[node];
            int holds = holds(next, row, series);
            while (holds == 0) {
                if (last[next]) {
                    return goesOn[node] ? node : NONE;
                }
                next++;
                holds = holds(next, row, series);
            }
            if (holds < 0) {
                return NONE;
            }
            node = next;
        }
        return node;
    }

    /** Returns 1 where a node's test is true, 0 where it is false, -1 where that is not known. */
    private int holds(int node, double[] row, Series series) {
        byte kind = test[node];
        if (kind == TRUE) {
            return 1;
        }
        if (kind == OTHER) {
            Enumeration.Value result = other[node].eval(series);
            if (result.equals(Predication$.MODULE$.TRUE())) {
                return 1;
            }
            return result.equals(Predication$.MODULE$.FALSE()) ? 0 : -1;
        }
        double value = row[field[node]];
        if (value != value) {
            return kind == MISSING ? 1 : kind == NOT_MISSING ? 0 : -1;
        }
        switch (kind) {
            case LESS: return value < bound[node] ? 1 : 0;
            case LESS_OR_EQUAL: return value <= bound[node] ? 1 : 0;
            case GREATER: return value > bound[node] ? 1 : 0;
            case GREATER_OR_EQUAL: return value >= bound[node] ? 1 : 0;
            case EQUAL: return value == bound[node] ? 1 : 0;
            case NOT_EQUAL: return value != bound[node] ? 1 : 0;
            default: return kind == NOT_MISSING ? 1 : 0;
        }
    }

    // -- filling the arrays ------------------------------------------------------------------------

    private static int sizeOf(Node node) {
        int size = 1;
        for (Node one : node.children()) {
            size += sizeOf(one);
        }
        return size;
    }

    private void fill(int place, TreeModel tree, Node node) {
        setTest(place, node.predicate());
        goesOn[place] = tree.noTrueChildStrategy().equals(NoTrueChildStrategy$.MODULE$.returnLastPrediction());
        setSaid(place, tree, node);
        Node[] children = node.children();
        child[place] = children.length == 0 ? NONE : filled;
        int first = filled;
        filled += children.length;
        for (int i = 0; i < children.length; i++) {
            last[first + i] = i == children.length - 1;
            fill(first + i, tree, children[i]);
        }
    }

    private void setTest(int place, Predicate predicate) {
        if (predicate.isTrue()) {
            return;
        }
        if (!(predicate instanceof SimplePredicate)) {
            test[place] = OTHER;
            other[place] = predicate;
            return;
        }
        SimplePredicate simple = (SimplePredicate) predicate;
        test[place] = kindOf(simple.operator());
        bound[place] = simple.value();
        field[place] = places.computeIfAbsent(simple.field(), one -> {
            found.add(one);
            return found.size() - 1;
        });
    }

    private static byte kindOf(Enumeration.Value operator) {
        Operator$ known = Operator$.MODULE$;
        Enumeration.Value[] kinds = {null, known.lessThan(), known.lessOrEqual(), known.greaterThan(),
            known.greaterOrEqual(), known.equal(), known.notEqual(), known.isMissing(), known.isNotMissing()};
        return (byte) Arrays.asList(kinds).indexOf(operator);
    }

    /** Has the engine make its outputs of a node, and keeps those that the ensemble reads. */
    private void setSaid(int place, TreeModel tree, Node node) {
        Arrays.fill(said, place * width, (place + 1) * width, Double.NaN);
        if (node.score().isEmpty()) {
            return;
        }
        TreeOutputs made = tree.createOutputs();
        made.setPredictedValue(node.score().get());
        if (labels != null) {
            made.setProbabilities(node.probabilities());
        }
        Series series = tree.result(Series.empty(), made, tree.result$default$3());
        for (int i = 0; i < width; i++) {
            DataVal value = outputs[i] < 0 ? null : series.get(outputs[i]);
            said[place * width + i] = value == null ? Double.NaN : value.toDouble();
        }
    }

    /** Of all trees the engine takes probabilities from where the first has them. */
    private int[] placesOfOutputs(TreeModel first) {
        int[] made = new int[width];
        for (int i = 0; i < width; i++) {
            made[i] = labels == null ? first.predictedValueIndex()
                    : first.outputIndex(ResultFeature$.MODULE$.probability(), Option.apply(labels[i]));
        }
        return made;
    }
}
