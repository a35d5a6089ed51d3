package hedgerow;

import org.pmml4s.common.Predication$;
import org.pmml4s.common.StructType;
import org.pmml4s.data.CombinedSeries;
import org.pmml4s.data.DataVal;
import org.pmml4s.data.GenericSeriesWithSchema;
import org.pmml4s.data.Series;
import org.pmml4s.model.MiningModel;
import org.pmml4s.model.MultipleModelMethod$;
import org.pmml4s.model.Segment;
import scala.Enumeration;
import scala.Tuple2;

/**
 * A chain of models, each of which sees what those before it said. The engine lists the names of all values
 * anew, for each row and link; here that is done once.
 *
 * <p>Only for chains without outputs of their own, whose answer is what the last model says.
 */
final class ModelChain extends MiningModel {
    private final Segment[] links;

    // By link: the names of what it sees and says, and those of both.
    private final StructType[] seen;
    private final StructType[] said;
    private final StructType[] joined;

    ModelChain(MiningModel model) {
        super(model.parent(), model.attributes(), model.miningSchema(), model.embeddedModels(),
                model.segmentation(), model.output(), model.targets(), model.localTransformations(),
                model.modelStats(), model.modelExplanation(), model.modelVerification(), model.extensions());
        setSupplementOutput(model.supplementOutput());
        setOutputFields(model.customOutputFields());
        links = model.segmentation().get().segments();
        seen = new StructType[links.length];
        said = new StructType[links.length];
        joined = new StructType[links.length];
    }

    static boolean canBe(MiningModel model) {
        return model.segmentation().get().multipleModelMethod().equals(MultipleModelMethod$.MODULE$.modelChain())
                && model.output().isEmpty();
    }

    @Override
    public Series predict(Series values) {
        Tuple2<Series, Object> prepared = prepare(values);
        if ((Boolean) prepared._2()) {
            return nullSeries();
        }
        Series in = prepared._1();
        Series last = nullSeries();
        for (int i = 0; i < links.length; i++) {
            Series out;
            if (fires(links[i].eval(in))) {
                out = links[i].predict(in);
                last = out;
            } else {
                out = links[i].model().nullSeries();
            }
            if (i + 1 < links.length) {
                in = joined(i, in, out);
            }
        }
        return last;
    }

    private static boolean fires(Enumeration.Value said) {
        return said.equals(Predication$.MODULE$.TRUE()) || said.equals(Predication$.MODULE$.SURROGATE());
    }

    private Series joined(int link, Series in, Series out) {
        if (joined[link] == null || in.schema() != seen[link] || out.schema() != said[link]) {
            seen[link] = in.schema();
            said[link] = out.schema();
            joined[link] = new CombinedSeries(new Series[] {in, out}).schema();
        }
        if (joined[link] == null) {
            return new CombinedSeries(new Series[] {in, out});
        }
        DataVal[] both = new DataVal[in.length() + out.length()];
        for (int i = 0; i < in.length(); i++) {
            both[i] = in.get(i);
        }
        for (int i = 0; i < out.length(); i++) {
            both[in.length() + i] = out.get(i);
        }
        return new GenericSeriesWithSchema(both, joined[link]);
    }
}
