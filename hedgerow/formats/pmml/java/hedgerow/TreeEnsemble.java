package hedgerow;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.pmml4s.common.StructType;
import org.pmml4s.data.DataVal;
import org.pmml4s.data.Series;
import org.pmml4s.metadata.Field;
import org.pmml4s.metadata.MiningField;
import org.pmml4s.metadata.OutputField;
import org.pmml4s.metadata.ResultFeature$;
import org.pmml4s.model.MiningModel;
import org.pmml4s.model.MiningOutputs;
import org.pmml4s.model.MultipleModelMethod$;
import org.pmml4s.model.Segment;
import org.pmml4s.model.TreeModel;
import scala.Enumeration;
import scala.Tuple2;

/**
 * The sum or the average of trees, as boosting and random forests have them, with all trees in a few arrays.
 * The engine makes a dozen objects for each tree of each row; here a tree is a walk over numbers.
 *
 * <p>Only what the trees say and adding it up is done here, in the order and with the operations of the
 * engine, so answers are its own to the last bit. What becomes of a row before (missing, invalid and
 * outlying values) and after (targets, outputs) is the engine's. A row in which a tree meets a missing value,
 * or has no score, is left to the engine as a whole.
 */
final class TreeEnsemble extends MiningModel {
    private final TreeNodes nodes;
    private final boolean averages;

    /** The classes, of whose probabilities trees speak; null in a regression. */
    private final DataVal[] labels;

    private Boolean asTheyAre;

    // Outputs seldom change, and the engine makes the list and its schema anew for each row.
    private OutputField[] outputFields;
    private boolean outputsSupplemented;
    private StructType outputSchema;
    private OutputField[] schemaFields;

    TreeEnsemble(MiningModel model, TreeNodes nodes) {
        super(model.parent(), model.attributes(), model.miningSchema(), model.embeddedModels(),
                model.segmentation(), model.output(), model.targets(), model.localTransformations(),
                model.modelStats(), model.modelExplanation(), model.modelVerification(), model.extensions());
        setSupplementOutput(model.supplementOutput());
        setOutputFields(model.customOutputFields());
        this.nodes = nodes;
        averages = methodOf(model).equals(MultipleModelMethod$.MODULE$.average());
        labels = model.isClassification() ? model.classes() : null;
    }

    static boolean canBe(MiningModel model) {
        boolean joined = methodOf(model).equals(MultipleModelMethod$.MODULE$.sum())
                || methodOf(model).equals(MultipleModelMethod$.MODULE$.average());
        if (!joined || !(model.isRegression() || model.isClassification())) {
            return false;
        }
        Segment[] segments = model.segmentation().get().segments();
        for (Segment segment : segments) {
            if (!segment.isTrue() || !(segment.model() instanceof TreeModel)
                    || !segment.model().functionName().equals(model.functionName())
                    || !isPlain((TreeModel) segment.model())) {
                return false;
            }
        }
        return segments.length > 0;
    }

    private static Enumeration.Value methodOf(MiningModel model) {
        return model.segmentation().get().multipleModelMethod();
    }

    /** Whether a tree does nothing to its values before, and nothing to its score after. */
    private static boolean isPlain(TreeModel tree) {
        for (MiningField field : tree.miningSchema().inputMiningFields()) {
            if (!field.isDefault()) {
                return false;
            }
        }
        return tree.localTransformations().isEmpty() && tree.targets().isEmpty() && tree.output().isEmpty();
    }

    @Override
    public Series predict(Series values) {
        Series series = values;
        if (!takesValuesAsTheyAre()) {
            Tuple2<Series, Object> prepared = prepare(values);
            if ((Boolean) prepared._2()) {
                return nullSeries();
            }
            series = prepared._1();
        }
        double[] totals = nodes.totals(series);
        return totals == null ? super.predict(values) : result(series, outputsOf(totals), result$default$3());
    }

    private MiningOutputs outputsOf(double[] totals) {
        MiningOutputs outputs = createOutputs();
        int trees = nodes.trees();
        if (labels == null) {
            outputs.setPredictedValue(averages ? totals[0] / trees : totals[0]);
            return outputs;
        }
        @SuppressWarnings("unchecked")
        Tuple2<DataVal, Object>[] probabilities = new Tuple2[labels.length];
        for (int i = 0; i < labels.length; i++) {
            probabilities[i] = new Tuple2<>(labels[i], totals[i] / trees);
        }
        outputs.setProbabilities(probabilities);
        outputs.evalPredictedValueByProbabilities();
        return outputs;
    }

    /**
     * Whether preparing a row would only copy it. Asked when the first row comes: the engine gives fields
     * their places late.
     */
    private boolean takesValuesAsTheyAre() {
        if (asTheyAre == null) {
            asTheyAre = isSubModel() && localTransformations().isEmpty() && onlyPredicts() && allArePlain();
        }
        return asTheyAre;
    }

    /** Other outputs may ask for values of the prepared row. */
    private boolean onlyPredicts() {
        for (OutputField output : candidateOutputFields()) {
            if (!output.feature().equals(ResultFeature$.MODULE$.predictedValue())) {
                return false;
            }
        }
        return true;
    }

    private boolean allArePlain() {
        Set<Field> plain = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Field field : usedFields()) {
            if (!field.isPlain() || !miningSchema().apply(field.name()).isDefault()) {
                return false;
            }
            plain.add(field);
        }
        return plain.containsAll(Arrays.asList(nodes.fields()));
    }

    @Override
    public OutputField[] candidateOutputFields() {
        OutputField[] custom = customOutputFields();
        if (custom != null && custom.length > 0) {
            return custom;
        }
        if (outputFields == null || outputsSupplemented != supplementOutput()) {
            outputFields = super.candidateOutputFields();
            outputsSupplemented = supplementOutput();
        }
        return outputFields;
    }

    @Override
    public StructType candidateOutputSchema() {
        OutputField[] now = candidateOutputFields();
        if (outputSchema == null || schemaFields != now) {
            outputSchema = super.candidateOutputSchema();
            schemaFields = now;
        }
        return outputSchema;
    }
}
